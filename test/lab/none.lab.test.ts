import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { labRunner, labWorld } from "./configurator-world.ts";

testConfigurator(labRunner, {
  name: "none",
  topology: "none",
  world: () => labWorld("none", { hasMaster: false }),
});
