/** A stack that is measured. */
export interface BenchStack {
  readonly name: string;
  readonly directory: string;
  readonly servers: readonly string[];
  readonly sshConfig: string;
  /** Runs the built command in the stack's directory. */
  bootmachine(
    ...words: readonly string[]
  ): Promise<{ readonly ms: number; readonly output: string; readonly peakMb: number }>;
}
