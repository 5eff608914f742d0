import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The tests on real servers that take longest, the longest first, in seconds on 2 cores with several files at a time. A fresh
 * clone has no times of an earlier run, and a long file that begins last is waited for by all.
 */
const SECONDS: Readonly<Record<string, number>> = {
  "access-change.lab.test.ts": 220,
  "cloud-init.lab.test.ts": 160,
  "proof.lab.test.ts": 155,
  "local-provider.lab.test.ts": 150,
  "interruption.lab.test.ts": 145,
  "up.lab.test.ts": 130,
  "configurator-commands.lab.test.ts": 105,
  "host.lab.test.ts": 75,
  "ansible.lab.test.ts": 70,
  "own-configurator.lab.test.ts": 65,
  "program.lab.test.ts": 60,
  "none.lab.test.ts": 50,
  "ec2-contract.lab.test.ts": 50,
  "server-data.lab.test.ts": 45,
  "transport.lab.test.ts": 40,
  "ec2-faults.lab.test.ts": 37,
  "existing.lab.test.ts": 35,
  "packed.lab.test.ts": 30,
  "baseline.lab.test.ts": 30,
  "replace-host-key.lab.test.ts": 28,
  "tree.lab.test.ts": 25,
  "chef.lab.test.ts": 25,
  "rehearsal.lab.test.ts": 22,
  "record-servers.lab.test.ts": 15,
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
