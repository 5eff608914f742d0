import { toBootmachineError } from "../../errors/error.ts";
import { bringInLine } from "../apply-resources.ts";
import type { RunContext } from "../run-context.ts";
import type { ServerRun } from "../server-run.ts";

/**
 * Takes the trust in servers that are gone away, on the master. Where the master cannot be reached a warning says what is
 * left to do: a server that is gone must not fail for it.
 *
 * @param master the master's own run, where it has one; default: a connection is made
 * @returns whether there was something to take away
 */
export async function revokeAtMaster(
  context: RunContext,
  servers: readonly string[],
  master?: ServerRun,
): Promise<boolean> {
  const { configurator, master: name } = context.stack;
  const resources = servers.flatMap((server) => configurator.revoke?.(server) ?? []);
  if (resources.length === 0 || name === undefined || servers.includes(name)) return false;
  // A master without a machine trusts nobody.
  if (context.addresses.machine(name) === undefined) return false;
  try {
    const place = master?.host === undefined ? await context.master.visit(context) : master;
    const { phase } = place;
    place.phase = "enroll";
    const { changes } = await bringInLine(place, resources, { title: "revoke" }).finally(() => {
      place.phase = phase;
    });
    for (const server of servers) context.lost.delete(server);
    if (changes > 0) context.master.wasTouched = true;
    return changes > 0;
  } catch (thrown) {
    const error = toBootmachineError(thrown);
    context.emit({
      type: "note",
      level: "warning",
      text: `${name} still trusts ${servers.join(", ")}: ${error.message} Run ${servers.map((server) => `\`bootmachine configurator revoke ${server}\``).join(", ")} when it answers.`,
    });
    return false;
  }
}
