import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { ansible } from "../../../src/configurators/ansible/ansible.ts";
import type { SuiteTree } from "../../../src/testing/configurator-world.ts";

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

/** What the suite of configurators wants of a tree. */
export const SUITE_TREE: SuiteTree = {
  write: (directory, path, text, program) =>
    writeTreeFile(
      directory,
      "site.yml",
      `- name: Suite
  hosts: all
  become: true
  gather_facts: false
  tasks:
    - name: Mark
      ansible.builtin.copy:
        content: "${text}\\n"
        dest: ${path}
        mode: "0644"
    - name: Something slow, once
      ansible.builtin.command:
        cmd: sh -c "sleep 3 && touch /var/lib/suite-slow"
        creates: /var/lib/suite-slow
${
  program === undefined
    ? ""
    : `    - name: The suite's program
      ansible.builtin.command:
        cmd: ${program}
`
}`,
    ),
  async break(directory) {
    await writeTreeFile(
      directory,
      "site.yml",
      "- name: Suite\n  hosts: all\n  roles: [no-such-role]\n",
    );
    return /role 'no-such-role' was not found/;
  },
};
