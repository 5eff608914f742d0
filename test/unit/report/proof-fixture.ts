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
