import { runInteractiveSsh } from "../../transport/interactive-ssh.ts";
import type { CliContext } from "../context.ts";
import type { ConfigFlags } from "../flags.ts";
import { openFleet } from "../open-fleet.ts";
import { warnOnly } from "../warn-only.ts";

export async function ssh(
  context: CliContext,
  flags: ConfigFlags,
  server: string,
): Promise<number> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const { argv } = await fleet.wayIn(server);
  // ssh's own status is passed on, whatever it is: scripts rely on it.
  return await runInteractiveSsh([...argv, ...(context.tail ?? [])]);
}
