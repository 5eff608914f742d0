import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { knock, pullTool } from "./pull-tool.ts";
import { tested } from "./tested.ts";

tested({
  what: "the suite of configurators: an agent and its master",
  how: "look-alike",
  on: ["Debian 12"],
  note: "a small tool of our own stands in for the real ones",
});

const states = async (directory: string, text: string): Promise<void> => {
  await mkdir(join(directory, "states"), { recursive: true });
  await writeFile(join(directory, "states/marks"), text);
};

testConfigurator(labRunner, {
  name: "a small tool with agents",
  topology: "agent",
  world: () =>
    labWorld(
      { from: resolve(import.meta.dirname, "pull-tool.ts"), call: `${pullTool.name}()` },
      { hasMaster: true },
    ),
  tree: {
    write: (directory, path, text, program) =>
      states(directory, `${path} ${text}\n${program === undefined ? "" : `${program} run\n`}`),
    async break(directory) {
      await states(directory, "nonsense here\n");
      return /nonsense is not a path of a state/;
    },
  },
  agent: {
    silence: "systemctl disable --now pull-agent",
    stranger: (master) => ({ id: "mallory", start: knock(master), stop: ":" }),
  },
});
