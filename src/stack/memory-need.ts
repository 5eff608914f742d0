import type { Stack } from "./stack.ts";

/** What the stack's configurator cannot do without on one of its servers, MB; 0: whatever there is. */
export function memoryNeedMb(
  { configurator, master, servers }: Pick<Stack, "configurator" | "master" | "servers">,
  server: string,
): number {
  const { minimumMemoryMb } = configurator;
  if (server !== master) return minimumMemoryMb.agent;
  return Math.max(minimumMemoryMb.master, configurator.masterMemoryMb?.(servers.length) ?? 0);
}
