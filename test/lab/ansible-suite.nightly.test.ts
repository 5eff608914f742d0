import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { SUITE_TREE } from "./ansible/ansible-tree.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";
import { PATIENT_SSH } from "./tool-stack.ts";

tested({
  what: "ansible, the distro's package (ansible-core 2.14)",
  how: "real",
  on: ["Debian 12"],
});

testConfigurator(labRunner, {
  name: "ansible",
  topology: "push",
  notApplicable: {
    "interrupted at install": "a member that is secured has Python already, and wants nothing else",
  },
  world: () =>
    labWorld(
      { name: "ansible", install: "distro" },
      { hasMaster: true, config: { ssh: PATIENT_SSH } },
    ),
  tree: SUITE_TREE,
});
