import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { addPlay, writeStarterKit } from "./ansible/ansible-tree.ts";
import { fetchWheels, pip } from "./ansible/package-index.ts";
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
  const run = (...words: readonly string[]) =>
    project.start(words, { env: { PATH: `${work}/bin:${process.env["PATH"] ?? ""}` } }).result;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "bootmachine-ansible-"));
    await installAnsible(work);
    project = await StackProject.create(
      "push",
      [
        { name: "web1", image: "debian-13", roles: ["web"] },
        { name: "db1", image: "debian-12" },
      ],
      {
        configurator: { name: "ansible", from: "controller" },
        upgrades: { atBoot: "none" },
        ssh: PATIENT_SSH,
      },
    );
    await writeStarterKit(project.directory);
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
      `- name: Note
  hosts: web
  become: true
  gather_facts: false
  tasks:
    - name: Note
      ansible.builtin.copy: { content: "{{ inventory_hostname }}\\n", dest: /etc/note, mode: "0644" }
`,
    );
    const up = await run("up", "--yes", "--json", "--server", "web1");
    expect(up.status, story(up)).toBe(0);
    const changed = up.events.filter(
      (event) =>
        event.type === "resource" && event.tool === "ansible" && event.status === "changed",
    );
    expect(changed).toMatchObject([{ server: "web1", id: "Note" }]);
    expect((await project.onServer("web1", "cat /etc/note")).stdout).toBe("web1\n");
  });

  it("says so where this computer has no Ansible", async () => {
    const path = await pathWithoutAnsible(join(work, "none"));
    const up = await project.start(["up", "--configure", "--yes"], { env: { PATH: path } }).result;
    expect(up.status, story(up)).toBe(1);
    expect(up.stdout).toContain("ansible-playbook is not installed on this computer");
  });
});

/** ansible-core in a folder of its own, with the command in `bin`. */
async function installAnsible(folder: string): Promise<void> {
  const wheels = join(folder, "wheels");
  await fetchWheels(wheels, "2.19.14");
  const files = (await readdir(wheels)).map((file) => join(wheels, file));
  pip("install", "--quiet", "--no-deps", "--no-index", `--target=${join(folder, "lib")}`, ...files);
  await mkdir(join(folder, "bin"));
  await writeFile(
    join(folder, "bin/ansible-playbook"),
    `#!/bin/sh\nPYTHONPATH=${folder}/lib exec /usr/bin/python3 -m ansible playbook "$@"\n`,
    { mode: 0o755 },
  );
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
