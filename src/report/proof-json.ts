import type { ErrorRecord } from "../errors/error.ts";
import { assessProof, type ProofAssessment } from "../proof/assess-proof.ts";
import type { CheckResult } from "../proof/check.ts";
import type { Proof } from "../proof/proof.ts";

/** Raised when a field changes its meaning or goes away; new fields do not raise it. */
export const PROOF_JSON_VERSION = 1;

/** The shape of `bootmachine verify --format json`. */
export interface ProofJson {
  readonly schemaVersion: typeof PROOF_JSON_VERSION;
  readonly tool: { readonly name: "bootmachine"; readonly version: string };
  readonly stack: string;
  /** When the proof was made, ISO 8601. */
  readonly at: string;
  /** Every server was looked into, and no check of severity "error" failed on any. */
  readonly ok: boolean;
  readonly totals: Omit<ProofAssessment, "ok">;
  readonly servers: readonly {
    readonly server: string;
    readonly ok: boolean;
    readonly totals: Omit<ProofAssessment, "ok">;
    readonly checks: readonly CheckResult[];
    /** Why the server could not be looked into, or not as a whole. */
    readonly error?: ErrorRecord;
  }[];
}

export function toProofJson(proof: Proof): ProofJson {
  const { ok, ...totals } = assessProof(proof.servers);
  return {
    schemaVersion: PROOF_JSON_VERSION,
    tool: { name: "bootmachine", version: proof.version },
    stack: proof.stack,
    at: proof.at,
    ok,
    totals,
    servers: proof.servers.map((one) => {
      const { server, checks, error } = one;
      const { ok, ...totals } = assessProof([one]);
      return { server, ok, totals, checks, ...(error === undefined ? {} : { error }) };
    }),
  };
}

/** One JSON document, indented, ending in a newline. */
export function renderProofJson(proof: Proof): string {
  return `${JSON.stringify(toProofJson(proof), undefined, 2)}\n`;
}
