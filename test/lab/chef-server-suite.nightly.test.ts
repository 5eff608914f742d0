import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll } from "vitest";

import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { SUITE_TREE, writeStarterKit } from "./chef/chef-tree.ts";
import { type DownloadService, startDownloadService } from "./chef/download-service.ts";
import { buildLookAlike, buildLookAlikeServer } from "./chef/look-alike-package.ts";
import { knock } from "./chef/stranger.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";
import { PATIENT_SSH } from "./tool-stack.ts";

tested({
  what: "chef with a server: contract suite",
  how: "look-alike",
  on: ["Debian 12"],
  note: "packages of our own with the paths and commands of Cinc Client 18 and Cinc Server 15; the server checks every signature",
});

let work: string;
let service: DownloadService;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "bootmachine-chef-"));
  service = await startDownloadService(
    buildLookAlike(work, "18.7.10"),
    buildLookAlikeServer(work, "15.10.91"),
  );
});
afterAll(async () => {
  await service.stop();
  await rm(work, { recursive: true, force: true });
});

testConfigurator(labRunner, {
  name: "chef with a look-alike of Cinc Client and Cinc Server",
  topology: "agent",
  world: async () => {
    const world = await labWorld(
      { name: "chef", tree: "./chef", downloadService: service.url, server: {} },
      {
        hasMaster: true,
        // Of a server Chef wants more memory than the sizes here have.
        servers: { hub: { size: "unlimited" } },
        config: { ssh: PATIENT_SSH },
      },
    );
    await writeStarterKit(world.directory);
    return world;
  },
  tree: SUITE_TREE,
  agent: {
    // The client is no daemon: it answers nobody, and asks in vain without its key.
    silence: "rm /etc/cinc/client.pem",
    stranger: () => ({ id: "mallory", start: knock("mallory", "hub"), stop: ":", isShown: false }),
  },
});
