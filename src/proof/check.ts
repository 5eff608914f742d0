/** One thing that the proof asserts about a server. */
export interface CheckDefinition {
  /** Stable, kebab-case, unique: "ssh-old-port-closed". */
  readonly id: string;
  readonly title: string;
  /** Why it matters, one or two sentences. */
  readonly reason: string;
  /** Seen from the controller, or on the host. */
  readonly from: "outside" | "inside";
  /** Number in the CIS Debian Linux benchmark, where it applies: "CIS Debian Linux 12 v1.1.0 5.1.20"; several by comma. */
  readonly cis?: string;
  /** An error makes the proof fail; a warning is shown and does not. */
  readonly severity: "error" | "warning";
  /** The next step where it fails, one sentence. */
  readonly todo: string;
}

export interface CheckResult {
  readonly id: string;
  readonly title: string;
  readonly from: "outside" | "inside";
  readonly severity: "error" | "warning";
  readonly status: "passed" | "failed" | "skipped";
  /** What was seen, or why it was skipped. */
  readonly detail: string;
  readonly reason: string;
  readonly cis?: string;
  /** Wanted (-) against found (+), for drift. */
  readonly diff?: readonly string[];
  readonly ms: number;
}
