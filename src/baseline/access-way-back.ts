import type { Host } from "../host/host.ts";
import type { ChangeAccessOptions } from "./access-change.ts";
import { commandFailed, sentence } from "./access-failure.ts";
import { pause, RESTORE_GRACE_MS, SCRIPT_LIMIT_MS } from "./access-limits.ts";
import {
  END_DISARM_SCRIPT,
  REPORT_SHOWN_SCRIPT,
  restoreNowScript,
  STATE_SCRIPT,
} from "./access-scripts.ts";

/** Tells the host to go back. True when it was told over one of the links, and did. */
export async function tellToGoBack(
  options: ChangeAccessOptions,
  links: readonly Host[],
  why: string,
): Promise<boolean> {
  const { server } = options.context;
  // Over all at once: a dead link answers only at the limit, and the script itself sees to it that it runs once.
  const attempts = links.map(async (link) => {
    const result = await link.run(restoreNowScript(why), {
      timeoutMs: server.ssh.rollbackMs + RESTORE_GRACE_MS,
    });
    if (result.status !== 0) throw commandFailed(server.name, "go back", result);
  });
  return Promise.any(attempts).then(
    () => true,
    // Every link is dead: the countdown does it.
    () => false,
  );
}

/**
 * Waits until the old way works again.
 *
 * @returns what the host's report says; undefined at the limit. The host by the new way when that says that the change
 *   was confirmed, where this may be.
 */
export async function waitForOldWay(
  options: ChangeAccessOptions,
  about: {
    readonly wasTold: boolean;
    /** The answer to "disarm" was lost. */
    readonly mayBeDisarmed: boolean;
    /** The change was begun by an earlier run. */
    readonly isAdopted: boolean;
  },
): Promise<string | Host | undefined> {
  const { host, openOldWay, context } = options;
  const { wasTold, mayBeDisarmed, isAdopted } = about;
  const end = performance.now() + context.server.ssh.rollbackMs + RESTORE_GRACE_MS;
  do {
    const complete = mayBeDisarmed ? await comeInDisarmed(options) : undefined;
    if (complete !== undefined) return complete;
    try {
      // A change that was taken over goes back to a way that is not the one by which we came.
      const link = openOldWay === undefined || isAdopted ? host : await openOldWay();
      try {
        const result = await link.run(STATE_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
        const [state, ...report] = result.stdout.trim().split("\n");
        if (state === "restored" || (!mayBeDisarmed && wasTold && state === "none")) {
          await link.run(REPORT_SHOWN_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
          return sentence(report);
        }
        // The countdown had not even begun: no report. Where "disarm" was asked for, the new way has to say.
        if (!mayBeDisarmed && state === "none") return "";
      } finally {
        if (link !== host) await link.close();
      }
    } catch {
      // Not yet.
    }
    await pause();
  } while (performance.now() < end);
  return undefined;
}

/** The host by a fresh connection by the new way, when the change was confirmed there. */
async function comeInDisarmed(options: ChangeAccessOptions): Promise<Host | undefined> {
  let host: Host | undefined;
  try {
    host = await options.openNewWay();
    const result = await host.run(END_DISARM_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
    if (result.status === 0) return host;
  } catch {
    // Not yet, or never.
  }
  await host?.close().catch(() => undefined);
  return undefined;
}
