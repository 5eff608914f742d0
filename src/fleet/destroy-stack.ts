import { rm } from "node:fs/promises";

import pLimit from "p-limit";

import { toBootmachineError } from "../errors/error.ts";
import { unpinHostKeys } from "../host/known-hosts.ts";
import type { Machine } from "../providers/contract.ts";
import type { DestroyedServer, Selection } from "./fleet-contract.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import { selectServers, selectsEverything } from "./selection.ts";
import { hostKeyAlias } from "./ways-in.ts";

type DestroyContext = Pick<RunContext, "stack" | "paths" | "records" | "signal" | "emit">;

/** What `destroy` would remove: the selected servers' machines and, where all are selected, ours that the config names no more. */
export async function findDestroyable(
  context: DestroyContext,
  selection: Selection,
): Promise<readonly Machine[]> {
  const machines = await context.stack.provider.observe(providerContext(context));
  if (selectsEverything(selection)) return machines;
  const named = new Set(selectServers(context.stack, selection).map(({ name }) => name));
  return machines.filter(({ server }) => named.has(server));
}

/**
 * Removes machines, half-made ones too. One that cannot be removed does not keep the others. Servers without a
 * machine are asked for as well: a create that failed early may have left something that is not a machine yet.
 */
export async function destroyServers(
  context: DestroyContext,
  selection: Selection,
): Promise<readonly DestroyedServer[]> {
  const machines = await findDestroyable(context, selection);
  const names = new Set([
    ...selectServers(context.stack, selection).map(({ name }) => name),
    ...machines.map(({ server }) => server),
  ]);
  const queue = pLimit(context.stack.concurrency);
  const outcomes = await Promise.all(
    [...names].map((name) => queue(() => destroyServer(context, name))),
  );
  if (selectsEverything(selection) && outcomes.every(({ error }) => error === undefined)) {
    await context.stack.provider.destroyShared?.(providerContext(context));
    for (const path of [context.paths.knownHosts, context.paths.sshConfig, context.paths.records]) {
      await rm(path, { force: true });
    }
  }
  return outcomes;
}

async function destroyServer(context: DestroyContext, server: string): Promise<DestroyedServer> {
  const began = performance.now();
  const ended = (outcome: "changed" | "unchanged" | "failed"): void =>
    context.emit({
      type: "phase-ended",
      server,
      phase: "boot",
      outcome,
      ms: Math.round(performance.now() - began),
      changes: outcome === "changed" ? 1 : 0,
    });
  context.emit({ type: "phase-started", server, phase: "boot" });
  try {
    const { existed, note } = await context.stack.provider.destroy(
      server,
      providerContext(context, (text) =>
        context.emit({ type: "step", server, phase: "boot", text }),
      ),
    );
    await unpinHostKeys(context.paths.knownHosts, hostKeyAlias(context.stack.name, server));
    await context.records.remove(server);
    ended(existed ? "changed" : "unchanged");
    return { server, existed, ...(note === undefined ? {} : { note }) };
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    error.server ??= server;
    context.emit({ type: "error", server, error: error.toRecord() });
    ended("failed");
    return { server, existed: true, error: error.message };
  }
}
