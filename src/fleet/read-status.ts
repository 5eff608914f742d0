import pLimit from "p-limit";

import { readAccessState } from "../baseline/access-state.ts";
import { toBootmachineError } from "../errors/error.ts";
import type { Machine } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import type { SelectedMachines } from "./selection.ts";
import { connectHost } from "./connect-host.ts";
import type { ServerStatus } from "./fleet-contract.ts";
import type { RunContext } from "./run-context.ts";
import { addressesOf, isSecuredWay, securedWay } from "./ways-in.ts";
import type { StackMachines } from "./stack-machines.ts";

type StatusContext = Pick<
  RunContext,
  "stack" | "paths" | "records" | "signal" | "transport" | "who"
>;

/** What the provider and each host say now. */
export async function readStatus(
  context: StatusContext,
  { servers, orphans, leftovers }: SelectedMachines,
  machines: StackMachines,
): Promise<readonly ServerStatus[]> {
  const queue = pLimit(context.stack.concurrency);
  const leftOf = (server: string): Pick<ServerStatus, "leftovers"> => {
    const own = leftovers.filter((one) => one.server === server);
    return own.length === 0 ? {} : { leftovers: own };
  };
  const declared = await Promise.all(
    servers.map((server) =>
      queue(async (): Promise<ServerStatus> => {
        const machine = machines.get(server.name);
        const proof =
          machine === undefined ? undefined : context.records.get(server.name, machine.id)?.proof;
        return {
          server: server.name,
          roles: server.roles,
          machine,
          ...(proof === undefined ? {} : { proof }),
          ...leftOf(server.name),
          reach: machine?.status === "running" ? await reach(context, server, machine) : undefined,
        };
      }),
    ),
  );
  const duplicates = servers.flatMap((server) =>
    machines.duplicatesOf(server.name).map((machine): ServerStatus => ({
      server: server.name,
      roles: server.roles,
      machine,
      isDuplicate: true,
      reach: undefined,
    })),
  );
  const known = new Set([
    ...servers.map(({ name }) => name),
    ...orphans.map(({ server }) => server),
  ]);
  return [
    ...declared,
    ...duplicates,
    // Nobody says any more how it would be reached, so nobody tries.
    ...orphans.map((machine): ServerStatus => ({
      server: machine.server,
      roles: [],
      machine,
      isOrphan: true,
      reach: undefined,
    })),
    ...[...new Set(leftovers.map(({ server }) => server))]
      .filter((name) => !known.has(name))
      .map((name): ServerStatus => ({
        server: name,
        roles: [],
        machine: undefined,
        isOrphan: true,
        ...leftOf(name),
        reach: undefined,
      })),
  ];
}

async function reach(
  context: StatusContext,
  server: Server,
  machine: Machine,
): Promise<ServerStatus["reach"]> {
  const [address] = addressesOf(server, machine, context.records.get(server.name, machine.id));
  try {
    const host = await connectHost(context, server, machine);
    try {
      const { state } = await readAccessState(host);
      const isChanging = state === "armed" || state === "restoring";
      return {
        ok: true,
        target: host.target,
        isSecured: !isChanging && isSecuredWay(context.stack, server, host.target),
        ...(isChanging ? { accessChange: state } : {}),
      };
    } finally {
      await host.close();
    }
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    // A wait that reached its limit says why each attempt failed; the last cause is what people ask for.
    const cause =
      error.kind === "timeout" && error.cause !== undefined
        ? toBootmachineError(error.cause)
        : error;
    return {
      ok: false,
      target: address === undefined ? undefined : securedWay(context.stack, server, address),
      code: cause.code,
      message: cause.message,
    };
  }
}
