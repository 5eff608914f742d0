import { cpSync } from "node:fs";
import { join } from "node:path";

import type { BenchTool } from "./tool.ts";

/** Debian's own package on the master; the others need Python. */
export const ansibleBench: BenchTool = {
  name: "ansible",
  image: "debian-12",
  hasMaster: true,
  prepare(folder) {
    cpSync(join(import.meta.dirname, "ansible-tree"), join(folder, "tree"), { recursive: true });
    return Promise.resolve({
      configurator: { name: "ansible", install: "distro", tree: join(folder, "tree") },
      env: {},
      stop: () => Promise.resolve(),
    });
  },
  byHand: "ansible-by-hand.sh",
  check: "ansible-check.sh",
};
