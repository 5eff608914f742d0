import { cpSync } from "node:fs";
import { join } from "node:path";

import type { BenchTool } from "./tool.ts";

/** Puppet Server's, MB, on both sides. It is what bootmachine takes by itself on a master of this size. */
const HEAP_MB = 512;

/** A master and an agent on each server, from Debian's own packages. */
export const puppetBench: BenchTool = {
  name: "puppet",
  image: "debian-12",
  hasMaster: true,
  masterSize: "large",
  prepare(folder) {
    cpSync(join(import.meta.dirname, "puppet-tree"), join(folder, "tree"), { recursive: true });
    return Promise.resolve({
      configurator: {
        name: "puppet",
        packages: "distro",
        tree: join(folder, "tree"),
        heapMb: HEAP_MB,
      },
      env: { HEAP_MB: String(HEAP_MB) },
      stop: () => Promise.resolve(),
    });
  },
  byHand: "puppet-by-hand.sh",
  check: "puppet-check.sh",
};
