import { runCli } from "../../../src/cli/run-cli.ts";

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, as in a pipe: nothing is a terminal, and nobody can be asked. */
export async function runInProcess(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  const status = await runCli(argv, {
    env: options.env ?? {},
    cwd: options.cwd ?? "/",
    version: "0.0.0",
    stdout: {
      write: (text) => {
        stdout += text;
        return true;
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
        return true;
      },
    },
    isInputTerminal: false,
    signal: new AbortController().signal,
    hardSignal: new AbortController().signal,
  });
  return { status, stdout, stderr };
}
