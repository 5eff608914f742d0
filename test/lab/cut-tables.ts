import { basename } from "node:path";

import { runCommand } from "../../src/providers/local/command.ts";

/** How the nftables tables are called in which a lab run with this temporary directory cuts links. */
export function cutTablePrefix(temporaryDirectory: string): string {
  return `bm_test_cut_${basename(temporaryDirectory).replaceAll(/[^A-Za-z0-9]/g, "_")}_`;
}

/** Removes the tables that a killed test of the run has left: they would cut the link to whoever gets the address next. */
export async function removeCutTables(temporaryDirectory: string): Promise<void> {
  const { stdout } = await runCommand(["nft", "list", "tables", "ip"], { allowFailure: true });
  const prefix = cutTablePrefix(temporaryDirectory);
  for (const line of stdout.split("\n")) {
    const name = line.replace(/^table ip /, "").trim();
    if (name.startsWith(prefix)) {
      await runCommand(["nft", "delete", "table", "ip", name], { allowFailure: true });
    }
  }
}
