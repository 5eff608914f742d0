import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { listMachines } from "./machine-store.ts";
import type { LocalPaths } from "./paths.ts";

/**
 * The root file systems of images below which a server's disk lies. State directories share images, such as that of the
 * rehearsals and that of the stacks: servers of those beside ours count by their records, running or not, and all others by
 * what is mounted.
 */
export async function imagesInUse(paths: LocalPaths): Promise<ReadonlySet<string>> {
  const beside = await readdir(dirname(paths.state)).catch(() => []);
  const records = await Promise.all(
    beside.map((name) =>
      listMachines({ ...paths, machines: join(dirname(paths.state), name, "machines") }),
    ),
  );
  // Each server's disk is mounted where its own supervisor sees it, and nobody else.
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const mounts = await Promise.all(
    processes.map((id) => readFile(`/proc/${id}/mounts`, "utf8").catch(() => "")),
  );
  return new Set([
    ...records.flat().map(({ imageDirectory }) => imageDirectory),
    ...[...new Set(mounts)].flatMap(lowerDirectories),
  ]);
}

/** The lower directory of each overlay in a table of mounts. */
export function lowerDirectories(table: string): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, , type, options = ""] = line.split(" ");
    const lower = /(?:^|,)lowerdir=([^,:]+)/u.exec(options)?.[1];
    return type !== "overlay" || lower === undefined ? [] : [lower];
  });
}
