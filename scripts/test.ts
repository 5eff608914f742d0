// `npm test`: `npm run check`, then the tests on real local servers. `--lab-only` leaves the first part out;
// further arguments go to vitest in the second part (`npm run lab -- test/lab/access.lab.test.ts`).
import { closeRun, runTests, type TestGroup } from "./run-tests.ts";

const own = process.argv.slice(2);
const isLabOnly = own.includes("--lab-only");
const forVitest = own.filter((argument) => argument !== "--lab-only");

const check: TestGroup = { name: "check", projects: ["house", "unit", "golden", "contract"] };
const lab: TestGroup = { name: "lab", projects: ["lab"], arguments: forVitest };

const counts = await runTests(isLabOnly ? [lab] : [check, lab]);
closeRun(counts);
