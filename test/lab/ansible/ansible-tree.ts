import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { ansible } from "../../../src/configurators/ansible/ansible.ts";

/** The starter kit, as `bootmachine init` copies it, into the folder `ansible` beside a config. */
export async function writeStarterKit(directory: string): Promise<void> {
  const { starterKit } = ansible();
  if (starterKit === undefined) throw new Error("ansible has a starter kit");
  await cp(fileURLToPath(starterKit), join(directory, "ansible"), { recursive: true });
}

/** A file of the tree. */
export async function writeTreeFile(
  directory: string,
  path: string,
  content: string,
): Promise<void> {
  const file = join(directory, "ansible", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** One more play at the end of the kit's playbook. */
export async function addPlay(directory: string, play: string): Promise<void> {
  const file = join(directory, "ansible/site.yml");
  await writeFile(file, `${await readFile(file, "utf8")}\n${play}`);
}
