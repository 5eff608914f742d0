import { z } from "zod";
import { runCommand } from "./command.ts";

/** Marks our rules in chains that belong to others. */
const COMMENT = "bootmachine";

const listSchema = z.object({
  nftables: z.array(
    z.looseObject({
      chain: z
        .looseObject({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
      rule: z
        .looseObject({
          family: z.string(),
          table: z.string(),
          chain: z.string(),
          handle: z.number(),
          comment: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

/**
 * Lets the servers' packets through firewalls of this computer that drop what they forward (Docker and ufw do).
 * An accept in a table of ours would not help: every chain on the hook has its say.
 */
export async function admitThroughFirewalls(bridge: string, signal: AbortSignal): Promise<void> {
  const { stdout, status } = await runCommand(["nft", "-j", "list", "chains"], {
    allowFailure: true,
    signal,
  });
  if (status !== 0) return;
  const chains = listSchema
    .parse(JSON.parse(stdout))
    .nftables.flatMap((entry) => (entry.chain === undefined ? [] : [entry.chain]))
    .filter(
      (chain) =>
        chain.hook === "forward" &&
        chain.policy === "drop" &&
        ["ip", "ip6", "inet"].includes(chain.family),
    );
  for (const { family, table, name } of chains) {
    const lines = [
      `insert rule ${family} ${table} ${name} oifname "${bridge}" ct state established,related accept comment "${COMMENT} ${bridge}"`,
      `insert rule ${family} ${table} ${name} iifname "${bridge}" accept comment "${COMMENT} ${bridge}"`,
      "",
    ];
    await runCommand(["nft", "-f", "-"], { stdin: lines.join("\n"), allowFailure: true, signal });
  }
}

/** Takes those rules out again. */
export async function withdrawFromFirewalls(bridge: string): Promise<void> {
  const { stdout, status } = await runCommand(["nft", "-j", "list", "ruleset"], {
    allowFailure: true,
  });
  if (status !== 0 || !stdout.includes(`${COMMENT} ${bridge}`)) return;
  for (const { rule } of listSchema.parse(JSON.parse(stdout)).nftables) {
    if (rule?.comment !== `${COMMENT} ${bridge}`) continue;
    await runCommand(
      ["nft", "delete", "rule", rule.family, rule.table, rule.chain, "handle", String(rule.handle)],
      { allowFailure: true },
    );
  }
}
