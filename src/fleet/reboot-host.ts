import { RemoteError, TimeoutError } from "../errors/error.ts";
import type { HostFacts } from "../host/facts.ts";
import { proveReboot, startedWithin } from "../host/reboot-proof.ts";
import { waitForHost } from "../host/wait-for-host.ts";
import { operationScript } from "../program/operation-script.ts";
import type { SshTarget } from "../transport/contract.ts";
import type { ServerRun } from "./server-run.ts";
import { sshOptionsOf } from "./ways-in.ts";

/** How long a host may go on answering after it was told to reboot, before we ask again, in milliseconds. */
const STILL_UP_PAUSE_MS = 1000;

/** Why the host wants a reboot, in its own words, or undefined. */
export async function readReasonToReboot(run: ServerRun): Promise<string | undefined> {
  const { distro, facts } = run.baselineContext();
  const result = await run
    .connectedHost()
    .run(operationScript(distro.operations(facts).rebootIsNeeded), {
      timeoutMs: run.server.ssh.phaseTimeoutMs,
      signal: run.context.hardSignal,
    });
  if (result.status !== 0) return undefined;
  return result.stdout.trim().split("\n").join(", ") || "the host asks for it";
}

/**
 * Reboots a host, waits until it is back, and proves by its boot id or the start of its first process that it did go down.
 *
 * @throws RemoteError REBOOT_UNPROVEN; TimeoutError
 */
export async function rebootHost(run: ServerRun, text: string, signal: AbortSignal): Promise<void> {
  const host = run.connectedHost();
  const before = host.facts;
  const { distro } = run.baselineContext();
  run.step(text);
  const { target } = host;
  // The link may break before the command's answer comes; whether it worked is proven below, not by its status.
  await host
    .run(operationScript(distro.operations(before).reboot), { timeoutMs: 30_000 })
    .catch(() => undefined);
  await run.close();
  await waitForReboot(run, { targets: [target], before, signal, text });
}

/**
 * Waits until the host answers as one that has been started anew: its facts differ from those before, or, where it could
 * not be read before, it says itself that it has been started since.
 *
 * @throws RemoteError REBOOT_UNPROVEN; TimeoutError
 */
export async function waitForReboot(
  run: ServerRun,
  options: {
    /** By which it may come back, the likeliest first. */
    readonly targets: readonly SshTarget[];
    /** Undefined: nobody got in before. */
    readonly before: HostFacts | undefined;
    /** When the reset was asked for, by `performance.now()`; default: now. */
    readonly resetAt?: number;
    readonly signal: AbortSignal;
    readonly text: string;
  },
): Promise<void> {
  const { context, server } = run;
  const limitMs = server.ssh.readyTimeoutMs;
  const began = performance.now();
  const resetAt = options.resetAt ?? began;
  const deadline = began + limitMs;
  while (performance.now() < deadline) {
    const back = await waitForHost({
      transport: context.transport,
      candidates: options.targets.map((target) => ({
        target,
        options: sshOptionsOf(context.stack, server, context.paths.knownHosts),
      })),
      timeoutMs: deadline - performance.now(),
      signal: options.signal,
      who: context.who,
      onAttempt: (_target, error, elapsedMs) => {
        if (error !== undefined)
          run.step(
            `${options.text}: waiting for it to come back (${Math.round(elapsedMs / 1000)} s)`,
          );
      },
    }).catch((error: unknown) => {
      if (error instanceof TimeoutError) {
        throw new TimeoutError(`${server.name} did not come back after the reboot.`, limitMs, {
          cause: error,
        });
      }
      throw error;
    });
    const isStartedAnew =
      options.before === undefined
        ? startedWithin(back.facts, Math.ceil((performance.now() - resetAt) / 1000))
        : proveReboot(options.before, back.facts);
    if (isStartedAnew) {
      run.host = back;
      return;
    }
    await back.close();
    await pause(STILL_UP_PAUSE_MS, options.signal);
  }
  throw new RemoteError(
    "REBOOT_UNPROVEN",
    `${server.name} still answers, and has not rebooted within ${limitMs / 1000} s.`,
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import("node:timers/promises");
  await sleep(ms, undefined, { signal });
}
