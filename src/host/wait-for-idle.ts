import { RemoteError, TimeoutError } from "../errors/error.ts";
import type { Host } from "./host.ts";
import { parseHolder, RUN_BUSY, waitForIdleScript } from "./run-texts.ts";

/**
 * Waits until no program of bootmachine runs on the host: one that a killed controller left behind finishes by itself.
 *
 * @throws TimeoutError that names the program, who started it and when
 */
export async function waitForIdle(
  host: Pick<Host, "run" | "server">,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { timeoutMs, signal } = options;
  const result = await host.run(
    waitForIdleScript(timeoutMs),
    signal === undefined ? {} : { signal },
  );
  if (result.status === 0) return;
  if (result.status !== RUN_BUSY) {
    throw new RemoteError("COMMAND_FAILED", `The lock on ${host.server} cannot be read.`, {
      server: host.server,
      exitStatus: result.status,
      output: result.stderr.trim().split("\n").slice(-5),
    });
  }
  const { title, who, since } = parseHolder(result.stdout);
  throw new TimeoutError(
    `A program still runs on ${host.server} after ${timeoutMs / 1000} s: "${title}", started by ${who} at ${since}.`,
    timeoutMs,
    { server: host.server },
  );
}
