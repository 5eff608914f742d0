import { cp, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const KIT = resolve(import.meta.dirname, "../../../src/configurators/salt/starter-kit");

/** The starter kit where `init` puts it. */
export async function writeStarterKit(directory: string): Promise<void> {
  await cp(KIT, join(directory, "salt"), { recursive: true });
}

/** States of a test, for all servers, after the kit's own. */
export async function writeStates(directory: string, sls: string): Promise<void> {
  const states = join(directory, "salt/states");
  await mkdir(join(states, "test"), { recursive: true });
  await writeFile(join(states, "test/init.sls"), sls);
  await writeFile(join(states, "top.sls"), "base:\n  '*':\n    - bootmachine\n    - test\n");
}

/**
 * A minion with a configuration and a key of its own that asks the master to be accepted, under any name.
 *
 * @returns shell text for a member that has Salt, which the master's firewall lets in
 */
export function strangerMinion(
  id: string,
  master: string,
): { readonly start: string; readonly stop: string } {
  const name = `stranger-${Buffer.from(id).toString("hex").slice(0, 40)}`;
  const home = `/var/tmp/${name}`;
  return {
    start: `mkdir -p ${home}/etc && cat >${home}/etc/minion <<'END'
id: ${JSON.stringify(id)}
master: ${master}
root_dir: ${home}
pki_dir: ${home}/pki
END
systemd-run --quiet --collect --unit=${name} /usr/bin/salt-minion --config-dir=${home}/etc --log-level=quiet`,
    stop: `systemctl stop ${name}; rm -rf ${home}`,
  };
}
