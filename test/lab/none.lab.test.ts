import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";

tested({ what: "none", how: "real", on: ["Debian 12"] });

testConfigurator(labRunner, {
  name: "none",
  topology: "none",
  world: () => labWorld("none", { hasMaster: false }),
});
