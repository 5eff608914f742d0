import { ProviderError } from "../../errors/error.ts";
import { identityOf } from "./marks.ts";
import type { NovaServer } from "./nova.ts";

/** What is known of the life of a server in the state ERROR. */
export type FormerLife = "never ran" | "ran" | "not told";

/**
 * Whether a server in the state ERROR ever ran.
 *
 * Nova sets ERROR on a server that it could not make, and as well on one that has run for months and whose migration, resize or
 * hard reboot failed: the disk of that one holds what nobody but its owner can judge. `launched_at` is what Nova itself tells the
 * two apart by: it is empty until a hypervisor has started the server, and never again, and no hard reboot is taken until then.
 * A key that was replaced on the host stands in our own metadata, and shows that somebody was in, whatever Nova says.
 *
 * @param madeNow the id of what the running call has itself created: a cloud that tells no `launched_at` cannot have had it for long.
 */
export function formerLifeOf(server: NovaServer, madeNow: string | undefined): FormerLife {
  if (identityOf(server)?.proof === "published") return "ran";
  const launchedAt = server["OS-SRV-USG:launched_at"];
  if (launchedAt === undefined) return server.id === madeNow ? "never ran" : "not told";
  return launchedAt === null ? "never ran" : "ran";
}

/** @param server with its reason, as `withReason` gives it */
export function machineFailed(
  server: NovaServer,
  name: string,
  life: FormerLife,
  replacements: number,
): ProviderError {
  const why = (server.fault?.message ?? "Nova gives no reason").trim().replace(/\.$/, "");
  if (life !== "never ran") {
    const known = life === "ran" ? "It has run before" : "Nova does not tell whether it ever ran";
    return new ProviderError(
      "MACHINE_FAILED",
      `OpenStack has ${name} in the state ERROR: ${why}.`,
      {
        server: name,
        hint: `${known}, and its disk may be needed: it is kept, whatever onError says. \`bootmachine reboot --hard ${name}\` often brings back one that ran; \`bootmachine destroy --server ${name}\` removes it with its disk, and the next \`up\` makes a new one.`,
      },
    );
  }
  const isCapacity = /No valid host|enough hosts|capacity/i.test(why);
  const tries = replacements === 0 ? "" : ` It was replaced ${replacements} times.`;
  return new ProviderError("MACHINE_FAILED", `OpenStack could not make ${name}: ${why}.${tries}`, {
    server: name,
    hint: isCapacity
      ? 'No host has room for it: try a smaller size, another availabilityZone, or later. It was kept for inspection; destroy it, or set onError: "replace".'
      : `It was kept for inspection. \`bootmachine destroy --server ${name}\` removes it; with onError: "replace" the next \`up\` makes a new one.`,
  });
}
