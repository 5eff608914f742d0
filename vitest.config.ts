import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

import { LongestFirst } from "./test/longest-first.ts";

// One project a kind of test. `lab` boots real servers, so it is the only one with long limits,
// and it is not part of `npm run check`.
// `nightly` is the long part of it, and is not part of `npm test`.
// Limits that a busy computer keeps as well; they end what hangs, and measure nothing.
// A worker loads our modules once, not once a file: they keep nothing that a test could leave behind, and no test replaces one.
const quick = { isolate: false, testTimeout: 60_000, hookTimeout: 60_000 };
const onServers = {
  globalSetup: "test/lab/global-setup.ts",
  testTimeout: 300_000,
  hookTimeout: 600_000,
  // Much of it waits: for boots, limits, links that are cut.
  maxWorkers: 4,
};

export default defineConfig({
  test: {
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          setupFiles: "test/unit/set-up.ts",
          ...quick,
          // Configs are loaded in the tests as in real life: by Node itself, not through vitest.
          server: { deps: { external: [/\/src\/stack\/import-natively\.ts$/] } },
        },
      },
      { test: { name: "golden", include: ["test/golden/**/*.test.ts"], ...quick } },
      {
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          ...quick,
          // The examples import the package by its name: here, as its source.
          alias: {
            "bootmachine/plugin": fileURLToPath(new URL("src/plugin.ts", import.meta.url)),
          },
        },
      },
      {
        test: {
          name: "house",
          include: ["test/house/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "lab", include: ["test/lab/**/*.lab.test.ts"], ...onServers } },
      { test: { name: "nightly", include: ["test/lab/**/*.nightly.test.ts"], ...onServers } },
    ],
  },
});
