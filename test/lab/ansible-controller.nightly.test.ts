import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { addPlay, writeStarterKit, writeTreeFile } from "./ansible/ansible-tree.ts";
import { installAnsible, pathWith } from "./ansible/own-ansible.ts";
import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { PATIENT_SSH } from "./tool-stack.ts";

describe("ansible from the operator's computer, without a master", { timeout: 1_200_000 }, () => {
  tested({
    what: "ansible, ansible-core 2.19 on the operator's computer",
    how: "real",
    on: ["Debian 12", "Debian 13"],
  });
  let work: string;
  let project: StackProject;
  const runIn = (stack: StackProject, ...words: readonly string[]) =>
    stack.start(words, { env: { PATH: pathWith(work) } }).result;
  const run = (...words: readonly string[]) => runIn(project, ...words);
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "bootmachine-ansible-"));
    await installAnsible(work);
    project = await createStack([
      { name: "web1", image: "debian-13", roles: ["web"] },
      { name: "db1", image: "debian-12" },
    ]);
  });
  afterAll(async () => {
    await project.remove();
    await rm(work, { recursive: true, force: true });
  });

  it("goes from nothing to proved, and the starter kit's first run changes nothing", async () => {
    const up = await run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const reported = up.events.filter(
      (event) => event.type === "resource" && event.tool === "ansible",
    );
    expect(reported.length).toBeGreaterThan(20);
    expect(reported).not.toContainEqual(expect.objectContaining({ status: "changed" }));
    const again = await run("up", "--yes");
    expect(again.stdout, story(again)).toContain("nothing to change");
  });

  it("is not run again by another operator, whose copy of the config lies elsewhere", async () => {
    const directory = join(work, "copy");
    await cp(project.directory, directory, { recursive: true });
    await rm(join(directory, ".bootmachine"), { recursive: true });
    const up = await project.start(["up", "--yes"], { directory }).result;
    await rm(directory, { recursive: true });
    expect(up.stdout, story(up)).toContain("nothing to change");
  });

  it("makes no account and leaves nothing of Ansible's on the servers", async () => {
    const { stdout } = await project.onServer(
      "web1",
      "id ansible 2>&1; ls -d /etc/ansible /opt/bootmachine /srv/ansible 2>/dev/null; command -v ansible",
    );
    expect(stdout).toMatch(/no such user\n$/);
  });

  it("runs again where something in the tree has changed, and only for who is asked for", async () => {
    await addPlay(
      project.directory,
      `- name: Note here
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Note here
      ansible.builtin.copy: { content: here, dest: ${join(work, "here")}, mode: "0600" }

- name: Note
  hosts: web
  become: true
  gather_facts: false
  tasks:
    - name: Note
      ansible.builtin.copy:
        content: "{{ inventory_hostname }} of {{ groups.all | sort | join(' and ') }}, {{ hostvars.db1.bootmachine.server }}\\n"
        dest: /etc/note
        mode: "0644"
`,
    );
    const up = await run("up", "--yes", "--json", "--server", "web1");
    expect(up.status, story(up)).toBe(0);
    const changed = up.events.filter(
      (event) =>
        event.type === "resource" && event.tool === "ansible" && event.status === "changed",
    );
    expect(changed).toMatchObject([{ server: "web1", id: "Note" }]);
    // Whoever is not asked for is in the inventory all the same.
    const note = await project.onServer("web1", "cat /etc/note");
    expect(note.stdout).toBe("web1 of db1 and web1, db1\n");
    expect(await readFile(join(work, "here"), "utf8")).toBe("here");
  });

  it("stays with its own stack where another one has a server of the same name", async () => {
    const other = await createStack([{ name: "web1", image: "debian-12" }]);
    try {
      for (const stack of [project, other]) {
        await addPlay(
          stack.directory,
          `- name: Whose
  hosts: web1
  become: true
  gather_facts: false
  tasks:
    - name: Whose
      ansible.builtin.copy: { content: "{{ bootmachine.stack }}\\n", dest: /etc/whose, mode: "0644" }
`,
        );
      }
      const theirs = await runIn(other, "up", "--yes");
      expect(theirs.status, story(theirs)).toBe(0);
      // Ansible would still have its connections to the other's server.
      const ours = await run("configurator", "run", "--server", "web1");
      expect(ours.status, story(ours)).toBe(0);
      for (const stack of [project, other]) {
        const { stdout } = await stack.onServer("web1", "cat /etc/whose");
        expect(stdout).toBe(`${stack.name}\n`);
      }
    } finally {
      await other.remove();
    }
  });

  it("takes a tree's own callbacks, and none of its ways around the pinned host keys", async () => {
    await writeTreeFile(
      project.directory,
      "ansible.cfg",
      `[defaults]
host_key_checking = False
callback_plugins = plugins ; ours
stdout_callback = ours
[ssh_connection]
ssh_args = -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
`,
    );
    await writeTreeFile(
      project.directory,
      "plugins/ours.py",
      `from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = """
name: ours
type: stdout
short_description: ours
extends_documentation_fragment: [default_callback, result_format_callback]
"""


class CallbackModule(Default):
    CALLBACK_NAME = "ours"

    def v2_playbook_on_start(self, playbook):
        self._display.display("ours begins")
`,
    );
    // What Ansible gives to ssh: of two values for one option the first counts.
    const words = join(work, "words");
    await writeFile(
      join(work, "bin/ssh"),
      `#!/bin/sh\nprintf '%s\\n' "$*" >>${words}\nexec /usr/bin/ssh "$@"\n`,
      { mode: 0o755 },
    );
    const good = await run("configurator", "run", "--json", "--server", "web1");
    expect(good.status, story(good)).toBe(0);
    expect(good.stdout).toContain("ours begins");
    const commands = await readFile(words, "utf8");
    expect(commands).toContain("-F ");
    expect(commands).not.toMatch(/StrictHostKeyChecking=no|UserKnownHostsFile=.?dev.null/);
  });

  it("says so where this computer has no Ansible", async () => {
    const path = await pathWithoutAnsible(join(work, "none"));
    const up = await project.start(["up", "--configure", "--yes"], { env: { PATH: path } }).result;
    expect(up.status, story(up)).toBe(1);
    expect(up.stdout).toContain("ansible-playbook is not installed on this computer");
  });
});

/** A stack with the starter kit, of which Ansible takes care from here. */
async function createStack(
  servers: readonly Readonly<Record<string, unknown>>[],
): Promise<StackProject> {
  const project = await StackProject.create("push", servers, {
    configurator: { name: "ansible", from: "controller" },
    upgrades: { atBoot: "none" },
    ssh: PATIENT_SSH,
  });
  await writeStarterKit(project.directory);
  return project;
}

/** This computer may have Ansible: a folder with everything else that it has. */
async function pathWithoutAnsible(folder: string): Promise<string> {
  await mkdir(folder);
  const names = new Set<string>();
  for (const place of ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]) {
    for (const name of await readdir(place)) {
      if (name.startsWith("ansible") || names.has(name)) continue;
      names.add(name);
      await symlink(join(place, name), join(folder, name));
    }
  }
  return folder;
}
