/**
 * What a program says of itself while it runs on a host.
 *
 * - `ok`: the resource was as wanted.
 * - `changed`: it differed and was mended (apply mode).
 * - `differs`: it differs and was left alone (check mode).
 * - `skipped`: it was not looked at, with a reason.
 * - `failed`: it could not be mended, with exit status and output.
 */
export type ResourceStatus = "ok" | "changed" | "differs" | "skipped" | "failed";

export interface ResourceReport {
  readonly id: string;
  readonly status: ResourceStatus;
  readonly ms: number;
  /** For `skipped`: why. For others: what was left out of it, such as a kernel setting that a container cannot change. */
  readonly reason?: string;
  /** For `failed`: the exit status of what failed. */
  readonly exitStatus?: number;
  /** For `failed` (and check output that is to be shown): its last lines, oldest first, at most 50. */
  readonly output?: readonly string[];
  /** Check mode only: what differs, as lines of a unified diff for files, "-found" and "+wanted" for the rest. No secrets. */
  readonly diff?: readonly string[];
}

/** The report of a whole program. */
export interface ProgramReport {
  readonly resources: readonly ResourceReport[];
  /** 0: all well; 1: a resource failed. */
  readonly status: 0 | 1;
  /** Triggers that were run, as text ("reload ssh"). */
  readonly triggered: readonly string[];
  /**
   * What the text of `CompileOptions.reading` printed, without its final newlines. Absent where it was not run, failed, or
   * printed more than 64 KiB.
   */
  readonly reading?: string;
  readonly ms: number;
}

/** One message of the report, as it arrives. */
export type ReportMessage =
  | { readonly kind: "begin"; readonly count: number }
  /** The resource is being looked at or worked on. */
  | { readonly kind: "resource-started"; readonly id: string }
  /** A line of output of the resource now worked on (only while it changes something). */
  | { readonly kind: "output"; readonly id: string; readonly line: string }
  | { readonly kind: "resource"; readonly report: ResourceReport }
  | { readonly kind: "trigger"; readonly text: string; readonly ok: boolean }
  | { readonly kind: "end"; readonly status: 0 | 1; readonly ms: number };
