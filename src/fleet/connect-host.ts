import { UserError } from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import { waitForHost } from "../host/wait-for-host.ts";
import type { Machine } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { proveIdentity } from "./phases/trust.ts";
import type { RunContext } from "./run-context.ts";
import { sshOptionsOf, waysIn } from "./ways-in.ts";

type ConnectContext = Pick<
  RunContext,
  "stack" | "paths" | "records" | "signal" | "transport" | "who"
>;

/** Outside a run a host has this long to let us in, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Connects to a server that should be there, by whatever way works. */
export async function connectHost(
  context: ConnectContext,
  server: Server,
  machine: Machine | undefined,
): Promise<Host> {
  if (machine === undefined) {
    throw new UserError("MACHINE_MISSING", `There is no machine for ${server.name}.`, {
      server: server.name,
      hint: "`bootmachine up` makes it.",
    });
  }
  await proveIdentity(context, server, machine, context.signal);
  return waitForHost({
    transport: context.transport,
    candidates: waysIn(
      context.stack,
      server,
      machine,
      context.records.get(server.name, machine.id),
      false,
    ).map((target) => ({
      target,
      options: sshOptionsOf(context.stack, server, context.paths.knownHosts),
    })),
    timeoutMs: Math.min(server.ssh.readyTimeoutMs, PATIENCE_MS),
    signal: context.signal,
    onAttempt: () => undefined,
    who: context.who,
  });
}
