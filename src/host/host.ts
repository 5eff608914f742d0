import type { Program } from "../program/program.ts";
import type { ProgramReport, ReportMessage } from "../program/report.ts";
import type { Connection, RunOptions, RunResult, SshTarget } from "../transport/contract.ts";
import type { HostFacts } from "./facts.ts";

export interface RunProgramOptions {
  readonly signal?: AbortSignal;
  /** Apply mode: asks the program to end after the resource in hand, whose report is then still followed. */
  readonly stopSignal?: AbortSignal;
  /** Limit for the whole program, reconnects included, ms. */
  readonly timeoutMs: number;
  readonly onMessage?: (message: ReportMessage) => void;
  /** The link broke, or was taken up again. */
  readonly onLink?: (state: "lost" | "resumed", attempt: number) => void;
}

/** A server that can be reached: one authenticated session as root, and what the host says of itself. */
export interface Host {
  readonly server: string;
  /** The way in that works now. */
  readonly target: SshTarget;
  readonly facts: HostFacts;
  /** Runs shell text as root (default) or as the login user. */
  run(script: string, options?: RunOptions & { readonly asRoot?: boolean }): Promise<RunResult>;
  upload: Connection["upload"];
  /**
   * Runs a compiled program.
   *
   * Check mode: attached, in one round trip. Apply mode: detached on the host under a lock there; the report is
   * followed, and taken up again at the same byte after the link broke.
   *
   * @throws RemoteError PROGRAM_BROKEN; RefusedError HOST_BUSY; TimeoutError; TransportError DISCONNECTED when the link
   *   does not come back; CancelledError. A failed resource is not thrown: it is in the report.
   */
  runProgram(program: Program, options: RunProgramOptions): Promise<ProgramReport>;
  /** Reads the facts again (after a reboot). */
  refreshFacts(): Promise<HostFacts>;
  close(): Promise<void>;
}
