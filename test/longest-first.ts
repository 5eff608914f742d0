import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The tests on real servers that take longest, the longest first, in seconds on 2 cores with three files at a time. A fresh
 * clone has no times of an earlier run, and a long file that begins last is waited for by all.
 */
const SECONDS: Readonly<Record<string, number>> = {
  "access-change.lab.test.ts": 164,
  "cloud-init.lab.test.ts": 135,
  "proof.lab.test.ts": 130,
  "local-provider.lab.test.ts": 89,
  "interruption.lab.test.ts": 84,
  "up.lab.test.ts": 82,
  "program.lab.test.ts": 69,
  "configurator-commands.lab.test.ts": 67,
  "ansible.lab.test.ts": 65,
  "none.lab.test.ts": 59,
  "host.lab.test.ts": 50,
  "ec2-contract.lab.test.ts": 49,
  "own-configurator.lab.test.ts": 43,
  "baseline.lab.test.ts": 41,
  "chef.lab.test.ts": 37,
};

/** The order of the files: the longest first, the others as the runner puts them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => secondsOf(other) - secondsOf(one));
  }
}

function secondsOf({ moduleId }: TestSpecification): number {
  return SECONDS[moduleId.slice(moduleId.lastIndexOf("/") + 1)] ?? 0;
}
