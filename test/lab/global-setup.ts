import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { removeCutTables } from "./cut-tables.ts";
import { destroyLeftLabs } from "./lab-servers.ts";
import { removeLeftControlPlanes } from "./openstack/control-plane.ts";

const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");

/**
 * Every stack of a lab run lives below one temporary directory of the run's own. At the end, whatever a test
 * could not take down (it was killed, its clean-up failed) is destroyed from there, and the run fails for it.
 */
export default async function setup(): Promise<() => Promise<void>> {
  // Short: the paths of ssh's control sockets are limited to about a hundred characters.
  const directory = await mkdtemp(join(tmpdir(), "bml-"));
  process.env["TMPDIR"] = directory;
  return async () => {
    await removeCutTables(directory);
    const labs = [
      ...(await destroyLeftLabs(directory)),
      ...(await removeLeftControlPlanes(directory)),
    ];
    const left = globSync("**/bootmachine.config.{ts,yaml,json}", { cwd: directory }).filter(
      (path) => !path.includes("node_modules"),
    );
    const failed = left.filter((path) => !destroyStack(join(directory, path)));
    if (failed.length === 0) await rm(directory, { recursive: true, force: true });
    if (labs.length > 0) {
      throw new Error(`Tests left labs running; they were destroyed now: ${labs.join(", ")}`);
    }
    if (left.length > 0) {
      const list = left.join(", ");
      throw new Error(
        failed.length === 0
          ? `Tests left stacks behind; they were destroyed now: ${list}`
          : `Tests left stacks behind that cannot be destroyed, below ${directory}: ${list}`,
      );
    }
  };
}

function destroyStack(config: string): boolean {
  const directory = dirname(config);
  // A rehearsal is there instead of the stack, whose cloud nobody has.
  const isRehearsal = globSync(".bootmachine/*.rehearsal", { cwd: directory }).length > 0;
  const result = spawnSync(
    process.execPath,
    [MAIN, "destroy", "--yes", ...(isRehearsal ? ["--rehearse"] : []), "--config", config],
    { cwd: directory, stdio: ["ignore", "inherit", "inherit"], timeout: 300_000 },
  );
  return result.status === 0;
}
