import pLimit from "p-limit";

import { CancelledError, toBootmachineError } from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import type { Machine } from "../providers/contract.ts";
import type { TaskHost } from "../stack/task.ts";
import { connectHost } from "./connect-host.ts";
import type { FleetContexts } from "./fleet-contexts.ts";
import type { Selection } from "./fleet-contract.ts";
import { selectServers } from "./selection.ts";
import { asTaskHost } from "./task-host.ts";

/** Calls `work` with each selected host, at most `concurrency` at once; one failure does not stop the others. */
export async function onHosts<T>(
  contexts: FleetContexts,
  selection: Selection,
  work: (host: Host, machine: Machine) => Promise<T>,
): Promise<readonly { readonly server: string; readonly result?: T; readonly error?: Error }[]> {
  const { stack, signal } = contexts.options;
  const servers = selectServers(stack, selection);
  const context = await contexts.contextFor();
  const machines = await contexts.observe(context);
  const queue = pLimit(stack.concurrency);
  return Promise.all(
    servers.map((server) =>
      queue(async () => {
        try {
          if (signal.aborted) throw new CancelledError();
          const machine = machines.get(server.name);
          const host = await connectHost(context, server, machine);
          try {
            return { server: server.name, result: await work(host, machine as Machine) };
          } finally {
            await host.close();
          }
        } catch (thrown) {
          const error = toBootmachineError(thrown);
          error.server ??= server.name;
          return { server: server.name, error };
        }
      }),
    ),
  );
}

/** The selected hosts as a custom task sees them, then `work`, then they are closed. */
export async function withTaskHosts<T>(
  contexts: FleetContexts,
  selection: Selection,
  work: (hosts: readonly TaskHost[]) => Promise<T>,
): Promise<T> {
  const context = await contexts.contextFor();
  const machines = await contexts.observe(context);
  const servers = selectServers(context.stack, selection);
  const hosts: Host[] = [];
  try {
    const taskHosts = await Promise.all(
      servers.map(async (server) => {
        const machine = machines.get(server.name);
        const host = await connectHost(context, server, machine);
        hosts.push(host);
        return asTaskHost(host, machine as Machine, server.roles);
      }),
    );
    return await work(taskHosts);
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
  }
}
