import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The tests on real servers that take longest, the longest first, in seconds on 2 cores with several files at a time. A fresh
 * clone has no times of an earlier run, and a long file that begins last is waited for by all.
 */
const SECONDS: Readonly<Record<string, number>> = {
  "proof.lab.test.ts": 165,
  "access-change.lab.test.ts": 155,
  "cloud-init.lab.test.ts": 130,
  "interruption.lab.test.ts": 110,
  "up.lab.test.ts": 95,
  "local-provider.lab.test.ts": 85,
  "ansible.lab.test.ts": 80,
  "own-configurator.lab.test.ts": 75,
  "program.lab.test.ts": 65,
  "first-boot-data.lab.test.ts": 65,
  "ec2-contract.lab.test.ts": 60,
  "host.lab.test.ts": 55,
  "none.lab.test.ts": 50,
  "existing.lab.test.ts": 50,
  "configurator-commands.lab.test.ts": 50,
  "server-data.lab.test.ts": 45,
  "transport.lab.test.ts": 42,
  "chef.lab.test.ts": 42,
  "baseline.lab.test.ts": 35,
  "packed.lab.test.ts": 30,
  "ec2-faults.lab.test.ts": 30,
  "rehearsal.lab.test.ts": 25,
  "tree.lab.test.ts": 19,
  "record-servers.lab.test.ts": 16,
  "replace-host-key.lab.test.ts": 12,
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
