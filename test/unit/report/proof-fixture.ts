import { TimeoutError } from "../../../src/errors/error.ts";
import { failed, passed, skipped } from "../../../src/proof/check-result.ts";
import { CHECKS } from "../../../src/proof/checks.ts";
import type { Proof } from "../../../src/proof/proof.ts";

/** Two servers: one with an error, a warning and hostile text in what was found; one that is well. */
export const PROOF: Proof = {
  stack: "shop",
  version: "1.2.3",
  at: "2026-01-02T03:04:05.678Z",
  servers: [
    {
      server: "web1",
      checks: [
        passed(CHECKS["ssh-answers"], "port 2849: SSH-2.0-OpenSSH_9.2p1", 12),
        failed(CHECKS["users-keys"], 'authorized-keys ada: <1> found & "more"', 3, [
          "+ ssh-ed25519 AAAA \u001B[31mevil\u0007 ]]> <key>",
        ]),
        skipped(CHECKS["clock-right"], "a container has the clock of its computer"),
        failed(CHECKS["listeners-declared"], "1 found that should not be", 4, [
          "+ tcp 0.0.0.0:8099 python3",
        ]),
      ],
    },
    { server: "db1", checks: [passed(CHECKS["ssh-answers"], "port 2849", 1500)] },
  ],
};

/** A server that nobody gets into beside one that is well, and one that the run did not come to. */
export const UNSEEN: Proof = {
  ...PROOF,
  servers: [
    { server: "db1", checks: [passed(CHECKS["ssh-answers"], "port 2849", 1500)] },
    {
      server: "dead1",
      checks: [
        failed(CHECKS["ssh-answers"], "ssh does not answer on port 2849", 5),
        skipped(CHECKS["clock-right"], "not seen: dead1 did not let us in within 20 s"),
      ],
      error: new TimeoutError("dead1 did not let us in within 20 s: connection refused.", 20_000, {
        hint: "See `bootmachine console dead1`.",
      }).toRecord(),
    },
    { server: "late1", checks: [] },
  ],
};
