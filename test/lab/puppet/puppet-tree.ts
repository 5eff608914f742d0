import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const STARTER_KIT = resolve(import.meta.dirname, "../../../src/configurators/puppet/starter-kit");

/** Puts the starter kit, as users get it, into the config's folder as `puppet`. */
export async function writeStarterKit(directory: string): Promise<void> {
  await cp(STARTER_KIT, join(directory, "puppet"), { recursive: true });
}

/** Writes a file of the environment; `path` counts from its folder. */
export async function writeInTree(directory: string, path: string, text: string): Promise<void> {
  const file = join(directory, "puppet", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** The class that every server gets. */
export function profileBase(body: string): string {
  return `class profile::base {\n${body}\n}\n`;
}

/**
 * Shell text by which somebody on a member asks the master for a certificate under a name of his own choice, with a key of
 * his own, as Puppet's own agent does. Exits 0 when the request is at the master.
 */
export function knock(id: string, master: string): string {
  const folder = `/tmp/stranger-${id}`;
  return `mkdir -p ${folder}
puppet ssl submit_request --confdir ${folder} --vardir ${folder}/var --ssldir ${folder}/ssl --rundir ${folder}/run --logdir ${folder}/log \\
  --certname ${id} --server ${master} --ca_server ${master} 2>&1
[ -s ${folder}/ssl/certificate_requests/${id}.pem ]`;
}
