import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { serveRepository } from "../../test/lab/apt/serve-repository.ts";
import { buildSaltRepository } from "../../test/lab/salt/salt-repository.ts";
import type { BenchTool } from "./tool.ts";

/** A master and a minion on each server, from packages of our own that are made from PyPI. */
export const saltBench: BenchTool = {
  name: "salt",
  image: "debian-12",
  hasMaster: true,
  masterSize: "large",
  async prepare(folder) {
    cpSync(join(import.meta.dirname, "salt-tree"), join(folder, "tree"), { recursive: true });
    const repository = await serveRepository(await buildSaltRepository());
    writeFileSync(join(folder, "salt.asc"), repository.key);
    return {
      configurator: {
        name: "salt",
        repository: { url: repository.url, key: repository.key },
        states: join(folder, "tree/states"),
        pillars: join(folder, "tree/pillars"),
      },
      env: { REPOSITORY_URL: repository.url },
      stop: () => repository.stop(),
    };
  },
  byHand: "salt-by-hand.sh",
  check: "salt-check.sh",
};
