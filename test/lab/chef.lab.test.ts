import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { writeStarterKit } from "./chef/chef-tree.ts";
import { type DownloadService, startDownloadService } from "./chef/download-service.ts";
import { buildLookAlike } from "./chef/look-alike-package.ts";
import type { StackProject } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { createToolStack, expectFromNothing, expectNothingToDo } from "./tool-stack.ts";

describe("chef: from nothing to proved, on four servers", () => {
  tested({
    what: "chef: from nothing to proved",
    how: "look-alike",
    on: ["Debian 12", "Debian 13"],
    note: "a package of our own with the paths and the command of Cinc Client 18",
  });
  let work: string;
  let service: DownloadService;
  let project: StackProject;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "bootmachine-chef-"));
    service = await startDownloadService(buildLookAlike(work, "18.7.10"));
    project = await createToolStack({ name: "chef", tree: "./chef", downloadService: service.url });
    await writeStarterKit(project.directory);
  });
  afterAll(async () => {
    await project.remove();
    await service.stop();
    await rm(work, { recursive: true, force: true });
  });

  it("goes from nothing to proved, and the starter kit's first run changes nothing", async () => {
    await expectFromNothing(project, { install: "changed", configure: "unchanged" });
    expect(service.requests).toContainEqual({ line: "GET /cinc.deb", from: "server" });
    expect(service.requests).not.toContainEqual({ line: "GET /cinc.deb", from: "here" });
  });

  it("does nothing the second time", async () => {
    await expectNothingToDo(project);
  });
});
