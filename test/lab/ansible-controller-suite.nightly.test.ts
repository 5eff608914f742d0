import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll } from "vitest";

import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { SUITE_TREE } from "./ansible/ansible-tree.ts";
import { installAnsible, pathWith } from "./ansible/own-ansible.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";
import { PATIENT_SSH } from "./tool-stack.ts";

tested({
  what: "ansible, ansible-core 2.19 on the operator's computer: contract suite",
  how: "real",
  on: ["Debian 12"],
});

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "bootmachine-ansible-"));
  await installAnsible(work);
}, 300_000);
afterAll(() => rm(work, { recursive: true, force: true }));

const NO_MASTER = "it is run on the operator's computer: there is no master";

testConfigurator(labRunner, {
  name: "ansible from the operator's computer",
  topology: "push",
  notApplicable: {
    "master restarted": NO_MASTER,
    "master rebuilt": NO_MASTER,
    "interrupted at install": "a server that is secured has Python already, and wants nothing else",
    "interrupted at enroll": "nothing is exchanged: the operator's own way in is used",
    "interrupted on the master": NO_MASTER,
  },
  world: () =>
    labWorld(
      { name: "ansible", from: "controller" },
      { hasMaster: false, config: { ssh: PATIENT_SSH }, env: { PATH: pathWith(work) } },
    ),
  tree: SUITE_TREE,
});
