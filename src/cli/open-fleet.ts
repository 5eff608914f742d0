import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { exitStatusOf, UserError } from "../errors/error.ts";
import type { FleetEvent } from "../fleet/events.ts";
import { createFleet } from "../fleet/fleet.ts";
import type { Fleet, Selection } from "../fleet/fleet-contract.ts";
import { loadStack } from "../stack/load-stack.ts";
import type { Stack } from "../stack/stack.ts";
import { readAgentKeys } from "../transport/agent-keys.ts";
import { openSsh } from "../transport/open-ssh.ts";
import { BUILTINS } from "../builtins.ts";
import type { CliContext } from "./context.ts";
import type { ConfigFlags, SelectionFlags } from "./flags.ts";
import { reportError } from "./report-error.ts";

/** Reads the config that the flags name, or the one found here or above. */
export async function openStack(
  context: CliContext,
  flags: ConfigFlags & { readonly concurrency?: number },
): Promise<Stack> {
  const stack = await whileGuarded(context, flags, () =>
    loadStack({
      cwd: context.cwd,
      env: context.env,
      plugins: BUILTINS,
      agentKeys: () => readAgentKeys(context.env["SSH_AUTH_SOCK"]),
      ...(flags.config === undefined ? {} : { configPath: flags.config }),
    }),
  );
  const meant = flags.rehearse ? await rehearse(stack) : stack;
  return flags.concurrency === undefined ? meant : { ...meant, concurrency: flags.concurrency };
}

/** A world of local servers of its own, so that a rehearsal never meets the servers of a stack that is local itself. */
const REHEARSAL_DIRECTORY = "/var/lib/bootmachine/rehearsal";

async function rehearse(stack: Stack): Promise<Stack> {
  const [{ local }, { rehearseStack }] = await Promise.all([
    import("../providers/local/local.ts"),
    import("../stack/rehearse-stack.ts"),
  ]);
  return rehearseStack(stack, local({ stateDirectory: REHEARSAL_DIRECTORY }));
}

/** A config that ends the process while it loads would look like a command that had nothing to say, and succeeded. */
async function whileGuarded<T>(
  context: CliContext,
  flags: ConfigFlags,
  load: () => Promise<T>,
): Promise<T> {
  const onExit = (): void => {
    const error = new UserError("CONFIG_CODE_FAILED", "The config ended the process.", {
      hint: "Take `process.exit` out of the config and what it imports, or throw an error instead.",
    });
    // It writes before it returns; nothing that comes later would be heard.
    void reportError(context, flags, error);
    process.exitCode = exitStatusOf(error);
  };
  process.once("exit", onExit);
  const handleSignals = leaveSignalsAlone();
  try {
    return await load();
  } finally {
    handleSignals();
    process.off("exit", onExit);
  }
}

/**
 * Signals end the process, as they end any other, until the answer is called: in a loop of the user's no handler of ours
 * would ever run, and nothing has been begun yet that could be left half-done.
 */
function leaveSignalsAlone(): () => void {
  const kept = (["SIGINT", "SIGTERM", "SIGHUP"] as const).flatMap((signal) =>
    process.listeners(signal).map((listener) => ({ signal, listener })),
  );
  for (const { signal, listener } of kept) process.off(signal, listener);
  return () => {
    for (const { signal, listener } of kept) process.on(signal, listener);
  };
}

/** The fleet of the stack that the flags name, with OpenSSH as the way to it. */
export async function openFleet(
  context: CliContext,
  flags: ConfigFlags & { readonly concurrency?: number },
  onEvent: (event: FleetEvent) => void,
): Promise<Fleet> {
  const stack = await openStack(context, flags);
  return createFleet({
    stack,
    transport: openSsh({ controlDirectory: controlDirectory(context) }),
    version: context.version,
    onEvent,
    signal: context.signal,
    hardSignal: context.hardSignal,
    who: whoRuns(context),
  });
}

export function selectionOf(flags: SelectionFlags, names: readonly string[] = []): Selection {
  return { servers: [...(flags.server ?? []), ...names], roles: flags.role ?? [] };
}

/** Short, since a socket's path has about a hundred characters; the transport makes sure that it is ours alone. */
function controlDirectory(context: CliContext): string {
  const runtime = context.env["XDG_RUNTIME_DIR"];
  if (runtime?.startsWith("/") === true) return join(runtime, "bootmachine");
  return join(tmpdir(), `bootmachine-${userInfo().uid}`);
}

function whoRuns(context: CliContext): string {
  const user = context.env["SUDO_USER"] ?? context.env["USER"] ?? userInfo().username;
  return `${user}@${hostname()}`;
}
