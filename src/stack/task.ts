/** A host as a custom task sees it. */
export interface TaskHost {
  readonly name: string;
  readonly roles: readonly string[];
  readonly address: string;
  readonly publicAddresses: readonly string[];
  readonly privateAddresses: readonly string[];
  /** Runs shell text as the operator, or as root; throws RemoteError COMMAND_FAILED on another status than 0 unless `allowFailure`. */
  run(
    script: string,
    options?: {
      readonly asRoot?: boolean;
      readonly stdin?: string;
      readonly timeoutMs?: number;
      readonly allowFailure?: boolean;
    },
  ): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }>;
  /** Writes a file as root, atomically. */
  put(
    content: string | Uint8Array,
    path: string,
    options?: { readonly mode?: string },
  ): Promise<void>;
}

export interface TaskContext {
  readonly stack: string;
  /** The selected hosts (all, without --server or --role). */
  readonly hosts: readonly TaskHost[];
  /** Words after `--` on the command line. */
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** Shows a line to the user. */
  readonly log: (text: string) => void;
}

export type TaskFunction = (context: TaskContext) => Promise<void> | void;

/** `bootmachine run NAME` calls it. */
export interface Task {
  readonly description: string;
  readonly run: TaskFunction;
}
