import { afterAll, beforeAll } from "vitest";

import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { buildSaltRepository } from "./salt/salt-repository.ts";
import { type ServedRepository, serveRepository } from "./apt/serve-repository.ts";
import { strangerMinion, writeStarterKit, writeStates } from "./salt/salt-tree.ts";
import { tested } from "./tested.ts";

tested({
  what: "salt 3008: contract suite",
  how: "real",
  on: ["Debian 12"],
  note: "Salt from PyPI with upstream's units, settings and maintainer scripts, from an apt repository of our own",
});

/** Downloads of some 70 MB, where the packages are not there yet. */
const BUILD_LIMIT_MS = 900_000;

let repository: ServedRepository;
beforeAll(async () => {
  repository = await serveRepository(await buildSaltRepository());
}, BUILD_LIMIT_MS);
afterAll(() => repository.stop());

testConfigurator(labRunner, {
  name: "salt",
  topology: "agent",
  world: async () => {
    const { url, fingerprint } = repository;
    const world = await labWorld(
      // As the official repository: each server fetches the key, and holds it against its fingerprint.
      { name: "salt", repository: { url, key: { url: `${url}key.asc`, fingerprint } } },
      { hasMaster: true, servers: { hub: { size: "large" } } },
    );
    await writeStarterKit(world.directory);
    return world;
  },
  tree: {
    write: (directory, path, text, program) =>
      writeStates(
        directory,
        `${path}:\n  file.managed:\n    - contents: ${JSON.stringify(text)}\n${program === undefined ? "" : `${program}:\n  cmd.run\n`}`,
      ),
    async break(directory) {
      await writeStates(directory, "x:\n  file.managed:\n    - name: {{ nothing.at.all }}\n");
      return /Rendering SLS 'base:test' failed: Jinja variable 'nothing' is undefined/;
    },
  },
  agent: {
    silence: "systemctl disable --now salt-minion",
    stranger: (master) => ({ id: "mallory", ...strangerMinion("mallory", master) }),
  },
});
