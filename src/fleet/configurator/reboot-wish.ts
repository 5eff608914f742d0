import { RemoteError } from "../../errors/error.ts";
import type { HostFacts } from "../../host/facts.ts";
import { HOST_STATE } from "../../host/run-texts.ts";
import { quote } from "../../program/quote.ts";
import type { ServerRun } from "../server-run.ts";

/**
 * On each member: since which start of the host the tool wants it rebooted. Most tools ask once, when something changes: a
 * reboot that was cut off would never be asked for again.
 */
const WISH = `${HOST_STATE}/reboot-wanted`;
const WISH_TIMEOUT_MS = 30_000;

/** Tells one start of a host from the next, as `proveReboot` does. */
function startOf({ bootId, initStartTicks }: HostFacts): string {
  return `${bootId} ${initStartTicks}`;
}

/** Shell text that exits 0 where no wish is left: there is none, or the host was started anew since. */
export function noRebootIsLeft(facts: HostFacts): string {
  return `[ "$(cat ${WISH} 2>/dev/null)" != ${quote(startOf(facts))} ]`;
}

/**
 * Before the run counts as good: whatever ends this run from here on, the next `up` reboots the host.
 *
 * @throws RemoteError COMMAND_FAILED where it cannot be written
 */
export async function rememberRebootWish(run: ServerRun): Promise<void> {
  const start = quote(startOf(run.connectedHost().facts));
  const { status, stderr } = await run
    .connectedHost()
    .run(
      `umask 077 && mkdir -p ${HOST_STATE} && printf '%s\\n' ${start} >${WISH}.new && mv ${WISH}.new ${WISH}`,
      { timeoutMs: WISH_TIMEOUT_MS, signal: run.context.hardSignal },
    );
  if (status === 0) return;
  throw new RemoteError(
    "COMMAND_FAILED",
    `${WISH} on ${run.server.name} cannot be written, which is to say that the tool wants a reboot.`,
    {
      exitStatus: status,
      output: stderr.trim().split("\n"),
      hint: `Look whether the disk is full or read-only there, and reboot it: \`bootmachine reboot ${run.server.name}\`.`,
    },
  );
}

/** Whether the tool wants a reboot that has not been made. */
export async function isRebootLeft(run: ServerRun): Promise<boolean> {
  const host = run.connectedHost();
  const { status } = await host.run(noRebootIsLeft(host.facts), {
    timeoutMs: WISH_TIMEOUT_MS,
    signal: run.context.hardSignal,
  });
  return status !== 0;
}

/** After the reboot. One that stays is of an earlier start, and means nothing. */
export async function forgetRebootWish(run: ServerRun): Promise<void> {
  await run.connectedHost().run(`rm -f ${WISH}`, {
    timeoutMs: WISH_TIMEOUT_MS,
    signal: run.context.hardSignal,
  });
}
