import type { Stack } from "./stack.ts";

/** The master, where the configurator logs in from there to the other members, with accounts of its own. */
export function pushingMaster({
  configurator,
  master,
}: Pick<Stack, "configurator" | "master">): string | undefined {
  const logsIn = configurator.topology === "push" && (configurator.accounts ?? []).length > 0;
  return logsIn ? master : undefined;
}
