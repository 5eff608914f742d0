import { spawnSync } from "node:child_process";
import { basename } from "node:path";

/** How the nftables tables are called in which a lab run with this temporary directory cuts links. */
export function cutTablePrefix(temporaryDirectory: string): string {
  return `bm_test_cut_${basename(temporaryDirectory).replaceAll(/[^A-Za-z0-9]/g, "_")}_`;
}

/** Removes the tables that a killed test of the run has left: they would cut the link to whoever gets the address next. */
export function removeCutTables(temporaryDirectory: string): void {
  const { stdout } = spawnSync("nft", ["list", "tables", "ip"], { encoding: "utf8" });
  const prefix = cutTablePrefix(temporaryDirectory);
  for (const line of stdout.split("\n")) {
    const name = line.replace(/^table ip /, "").trim();
    if (name.startsWith(prefix)) spawnSync("nft", ["delete", "table", "ip", name]);
  }
}
