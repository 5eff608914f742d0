// `npm test`: `npm run check`, then the tests on real local servers. `--lab-only` leaves the first part out;
// `--all` (`npm run test:all`) adds the long ones, `test/lab/**/*.nightly.test.ts`. Further arguments go to vitest in the second part (`npm run lab -- test/lab/access.lab.test.ts`).
import { installFor } from "./operating-system-packages.ts";
import { CHECK, closeRun, runTests, type TestGroup } from "./run-tests.ts";

const own = process.argv.slice(2);
const isLabOnly = own.includes("--lab-only");
const isAll = own.includes("--all");
const forVitest = own.filter((argument) => argument !== "--lab-only" && argument !== "--all");

const lab: TestGroup = { name: "lab", projects: ["lab"], arguments: forVitest };
const nightly: TestGroup = { name: "nightly", projects: ["nightly"], arguments: forVitest };

// Before anything is installed: who cannot run the servers needs none of it.
const readiness =
  process.getuid?.() === 0
    ? installFor(["check", "local servers", "salt packages", "ec2 tests"])
    : {
        isReady: false,
        reason: "booting local servers needs root: run `sudo npm test`.",
      };
if (readiness.isReady) {
  closeRun(await runTests([...(isLabOnly ? [] : [CHECK]), lab, ...(isAll ? [nightly] : [])]));
} else {
  // A test run without its servers is no success, so it ends as a failure and says why.
  if (!isLabOnly) installFor(["check"]);
  const counts = await runTests(isLabOnly ? [] : [CHECK]);
  const failure = `the tests on real servers were not run: ${readiness.reason}`;
  closeRun({
    passed: counts.passed,
    failed: counts.failed + 1,
    failures: [...counts.failures, failure],
  });
}
