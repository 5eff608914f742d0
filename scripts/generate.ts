// Writes everything that is generated from the source: docs/reference and the JSON Schema. Each
// `generate-*.ts` beside this file writes its own file; a house test runs them and fails where anything changes.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { resolve } from "node:path";

const folder = import.meta.dirname;
for (const script of globSync("generate-*.ts", { cwd: folder }).toSorted()) {
  const { status } = spawnSync(process.execPath, [resolve(folder, script)], {
    cwd: resolve(folder, ".."),
    stdio: "inherit",
  });
  if (status !== 0) {
    console.error(`scripts/${script} failed.`);
    process.exitCode = 1;
  }
}
