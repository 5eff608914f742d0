// `npm run check`: everything that needs no server. Format, lint, types, dead code, package shape and the
// generated reference are tests of the project "house".
import { closeRun, runTests } from "./run-tests.ts";

const counts = await runTests([
  {
    name: "check",
    projects: ["house", "unit", "golden", "contract"],
    arguments: process.argv.slice(2),
  },
]);
closeRun(counts);
