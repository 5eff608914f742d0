import { RefusedError } from "../../errors/error.ts";
import { memoryNeedMb } from "../../stack/memory-need.ts";
import { sizeOf } from "../../stack/wishes.ts";
import { providerContext } from "../run-context.ts";
import type { ServerRun } from "../server-run.ts";

/**
 * Before a machine is made: a size that is too small for the configurator is refused while it costs nothing, also the
 * one that the provider takes where the config names none.
 *
 * @throws RefusedError MEMORY_TOO_SMALL
 */
export async function refuseTooSmallSize(run: ServerRun, signal: AbortSignal): Promise<void> {
  const { context, server } = run;
  if (wantedMemoryMb(run) === 0) return;
  const sizes = await context.shared.sizes(() =>
    context.stack.provider.sizes(providerContext(context, undefined, signal)),
  );
  const isAsked = server.size !== undefined;
  const size = isAsked ? sizeOf(server.size, sizes) : sizes.find(({ isDefault }) => isDefault);
  // One without a figure has no limit.
  if (size !== undefined && size.memoryMb > 0)
    refuseTooLittle(run, size.memoryMb, `The ${isAsked ? "" : "default "}size ${size.name}`);
}

/**
 * Before anything is installed: what the host itself says.
 *
 * @throws RefusedError MEMORY_TOO_SMALL
 */
export function refuseTooLittleMemory(run: ServerRun): void {
  const { memoryMb } = run.connectedHost().facts;
  // A host that does not say how much it has is not refused for it.
  if (memoryMb > 0) refuseTooLittle(run, memoryMb, run.server.name);
}

function wantedMemoryMb({ server, context }: ServerRun): number {
  return memoryNeedMb(context.stack, server.name);
}

function refuseTooLittle(run: ServerRun, memoryMb: number, what: string): void {
  const wanted = wantedMemoryMb(run);
  if (memoryMb >= wanted) return;
  const { configurator, master } = run.context.stack;
  throw new RefusedError(
    "MEMORY_TOO_SMALL",
    `${what} has ${memoryMb} MB of memory, and ${configurator.name} needs ${wanted} MB ${run.server.name === master ? "on the master" : "on each server"}.`,
  );
}
