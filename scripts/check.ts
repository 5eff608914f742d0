// `npm run check`: everything that needs no server. Format, lint, types, dead code, package shape and the
// generated reference are tests of the project "house".
import { installFor } from "./operating-system-packages.ts";
import { CHECK, closeRun, runTests } from "./run-tests.ts";

// The tests of programs use the shells that are there; a computer that cannot have all four says so and goes on. Without
// OpenSSH those tests fail that call it.
const tools = installFor(["check"]);
if (!tools.isReady) console.log(`Not all that the tests use is here: ${tools.reason}`);

const counts = await runTests([
  { ...CHECK, arguments: [...(CHECK.arguments ?? []), ...process.argv.slice(2)] },
]);
closeRun(counts);
