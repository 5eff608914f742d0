/** `check` changes nothing and reports what differs; `apply` mends it. */
export type ProgramMode = "check" | "apply";

/** A compiled program: POSIX shell text that needs `sh` and nothing else on the host. */
export interface Program {
  /** Shown in the text's head and in the runner's lock: stack, server and phase. */
  readonly title: string;
  readonly mode: ProgramMode;
  /** The whole text, ending in a newline. Defines one function and calls it with /dev/null as its standard input,
   * so that a text cut short never runs. May hold secrets: it is sent on stdin and stored with mode 0600 only. */
  readonly text: string;
  /** The ids of its resources, in order. */
  readonly ids: readonly string[];
}
