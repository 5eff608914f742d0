import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { type BuiltRepository, writeAptRepository } from "../apt/apt-repository.ts";
import { buildSaltPackages, SALT_RELEASES, type SaltSeries } from "./salt-packages.ts";

/**
 * A local apt repository of the real Salt, signed with a key of its own and laid out as upstream's (suite `stable`,
 * component `main`): what the tests install by the product's own path of repository, key and apt.
 */

const CACHE = resolve(import.meta.dirname, "../../../.cache/salt-repository");

const DAY_MS = 24 * 3600 * 1000;

/**
 * Builds the repository of these series (some five minutes for each, most of it downloads), or takes the one that was built from
 * the same recipe.
 */
export async function buildSaltRepository(
  series: readonly SaltSeries[] = ["3008"],
): Promise<BuiltRepository> {
  const recipe = createHash("sha256");
  for (const file of ["salt-packages.ts", "salt-repository.ts", "../apt/apt-repository.ts"]) {
    recipe.update(await readFile(join(import.meta.dirname, file)));
  }
  const releases = series.map((one) => SALT_RELEASES[one]).join("+");
  const name = `${releases}-${recipe.digest("hex").slice(0, 12)}`;
  const directory = join(CACHE, name);
  const built = await readBuilt(directory);
  if (built !== undefined) return built;
  await mkdir(CACHE, { recursive: true });
  const partial = await mkdtemp(join(CACHE, ".new-"));
  try {
    const pool = join(partial, "pool");
    await mkdir(pool);
    for (const one of series) {
      const work = await mkdtemp(join(tmpdir(), "salt-build-"));
      await buildSaltPackages(one, work, pool);
      await rm(work, { recursive: true });
    }
    // The key comes last: a repository that has it is whole.
    await writeAptRepository(partial, [{ name: "stable", component: "main" }]);
    // Another file of tests may have built the same meanwhile, and serve it by now: then it stays, and is taken.
    await rename(partial, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  // Of earlier recipes of these series; what is younger may be in use.
  for (const other of await readdir(CACHE)) {
    if (other === name || !other.startsWith(`${releases}-`)) continue;
    const { mtimeMs } = await stat(join(CACHE, other));
    if (Date.now() - mtimeMs > DAY_MS) await rm(join(CACHE, other), { recursive: true });
  }
  const made = await readBuilt(directory);
  if (made === undefined) throw new Error(`there is no repository in ${directory}`);
  return made;
}

async function readBuilt(directory: string): Promise<BuiltRepository | undefined> {
  try {
    const [key = "", fingerprint = ""] = await Promise.all(
      ["key.asc", "fingerprint"].map((name) => readFile(join(directory, name), "utf8")),
    );
    return { directory, key, fingerprint };
  } catch {
    return undefined;
  }
}
