import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll } from "vitest";

import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { SUITE_TREE, writeStarterKit } from "./chef/chef-tree.ts";
import { type DownloadService, startDownloadService } from "./chef/download-service.ts";
import { buildLookAlike } from "./chef/look-alike-package.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";
import { PATIENT_SSH } from "./tool-stack.ts";

tested({
  what: "chef: contract suite",
  how: "look-alike",
  on: ["Debian 12"],
  note: "a package of our own with the paths and the command of Cinc Client 18",
});

let work: string;
let service: DownloadService;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "bootmachine-chef-"));
  service = await startDownloadService(buildLookAlike(work, "18.7.10"));
});
afterAll(async () => {
  await service.stop();
  await rm(work, { recursive: true, force: true });
});

testConfigurator(labRunner, {
  name: "chef with a look-alike of Cinc Client",
  topology: "solo",
  world: async () => {
    const world = await labWorld(
      { name: "chef", tree: "./chef", downloadService: service.url },
      {
        hasMaster: false,
        config: { ssh: PATIENT_SSH },
      },
    );
    await writeStarterKit(world.directory);
    return world;
  },
  tree: SUITE_TREE,
});
