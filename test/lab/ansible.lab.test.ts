import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { writeStarterKit } from "./ansible/ansible-tree.ts";
import { type PackageIndex, startPackageIndex } from "./ansible/package-index.ts";
import { type StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { createToolStack, expectFromNothing, expectNothingToDo } from "./tool-stack.ts";

describe("ansible: from nothing to proved, on a master and three members", () => {
  tested({
    what: "ansible, ansible-core 2.21 in a virtual environment: from nothing to proved",
    how: "real",
    on: ["Debian 12", "Debian 13"],
  });
  let work: string;
  let index: PackageIndex;
  let project: StackProject;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "bootmachine-ansible-"));
    index = await startPackageIndex(join(work, "wheels"), "2.21.5");
    project = await createToolStack({ name: "ansible", index: index.url }, { master: "boss" });
    await writeStarterKit(project.directory);
  });
  afterAll(async () => {
    await project.remove();
    await index.stop();
    await rm(work, { recursive: true, force: true });
  });

  it("goes from nothing to proved, and the starter kit's first run changes nothing", async () => {
    await expectFromNothing(project, { enroll: "changed", configure: "unchanged" });
  });

  it("does nothing the second time", async () => {
    await expectNothingToDo(project);
  });

  it("forgets a server that is destroyed", async () => {
    const gone = await project.run("destroy", "--yes", "--server", "web2");
    expect(gone.status, story(gone)).toBe(0);
    const { stdout } = await project.onServer(
      "boss",
      "ls /etc/ansible/bootmachine/inventory /etc/ansible/bootmachine/known_hosts",
    );
    expect(stdout).not.toContain("web2");
    expect(stdout).toContain("web1");
  });
});
