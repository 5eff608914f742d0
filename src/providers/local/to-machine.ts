import type { Machine } from "../contract.ts";
import type { MachineRecord } from "./machine-store.ts";
import { hasIpv6 } from "./network.ts";
import { type LocalPaths, machineDirectory } from "./paths.ts";
import { readRunState } from "./supervisor.ts";

export function directoryOf(paths: LocalPaths, record: MachineRecord): string {
  return machineDirectory(paths, record.stack, record.server);
}

/** What is kept of a server, and how it is now. */
export async function toMachine(paths: LocalPaths, record: MachineRecord): Promise<Machine> {
  const [state, isDual] = await Promise.all([
    readRunState(directoryOf(paths, record)),
    hasIpv6(paths.bridge),
  ]);
  const addresses = isDual ? [record.address, record.address6] : [record.address];
  const base = {
    id: record.id,
    stack: record.stack,
    server: record.server,
    publicAddresses: addresses,
    privateAddresses: addresses,
    login: { user: "root", port: 22 },
    image: record.image,
    size: record.size,
    createdAt: record.createdAt,
  };
  if (record.state === "destroying")
    return { ...base, status: "stopped", detail: "half destroyed" };
  if (record.state === "making")
    return { ...base, status: "creating", detail: "its making was interrupted" };
  if (state.kind === "failed") return { ...base, status: "failed", detail: state.detail };
  return { ...base, status: state.kind };
}
