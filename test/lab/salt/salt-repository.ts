import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { buildSaltPackages, runProgram, SALT_RELEASES, type SaltSeries } from "./salt-packages.ts";

/**
 * A local apt repository of the real Salt, signed with a key of its own and laid out as upstream's (suite `stable`,
 * component `main`): what the tests install by the product's own path of repository, key and apt.
 */

const CACHE = resolve(import.meta.dirname, "../../../.cache/salt-repository");

const DAY_MS = 24 * 3600 * 1000;

export interface BuiltRepository {
  readonly directory: string;
  /** Armoured public key; also in the file key.asc. */
  readonly key: string;
  readonly fingerprint: string;
}

/** Builds the repository (some five minutes, most of it downloads), or takes the one that was built from the same recipe. */
export async function buildSaltRepository(series: SaltSeries = "3008"): Promise<BuiltRepository> {
  const recipe = createHash("sha256");
  for (const file of ["salt-packages.ts", "salt-repository.ts"]) {
    recipe.update(await readFile(join(import.meta.dirname, file)));
  }
  const name = `${SALT_RELEASES[series]}-${recipe.digest("hex").slice(0, 12)}`;
  const directory = join(CACHE, name);
  const built = await readBuilt(directory);
  if (built !== undefined) return built;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), "salt-build-"));
  const partial = await mkdtemp(join(CACHE, ".new-"));
  try {
    const pool = join(partial, "pool");
    await mkdir(pool);
    await buildSaltPackages(series, work, pool);
    await writeIndexes(partial);
    // The key comes last: a repository that has it is whole.
    await signRepository(partial, join(work, "gnupg"));
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(partial, { recursive: true, force: true });
  }
  // Of earlier recipes of this series; what is younger may be in use.
  for (const other of await readdir(CACHE)) {
    if (other === name || !other.startsWith(`${SALT_RELEASES[series]}-`)) continue;
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

async function writeIndexes(directory: string): Promise<void> {
  const paragraphs: string[] = [];
  for (const name of await readdir(join(directory, "pool"))) {
    const file = join(directory, "pool", name);
    const bytes = await readFile(file);
    paragraphs.push(
      [
        runProgram("dpkg-deb", ["--field", file]).trimEnd(),
        `Filename: pool/${name}`,
        `Size: ${bytes.length}`,
        `SHA256: ${createHash("sha256").update(bytes).digest("hex")}`,
        "",
      ].join("\n"),
    );
  }
  const packages = paragraphs.join("\n");
  const index = "main/binary-amd64/Packages";
  const suite = join(directory, "dists/stable");
  await mkdir(join(suite, "main/binary-amd64"), { recursive: true });
  await writeFile(join(suite, index), packages);
  const hash = createHash("sha256").update(packages).digest("hex");
  await writeFile(
    join(suite, "Release"),
    [
      "Origin: bootmachine's lab",
      "Suite: stable",
      "Codename: stable",
      "Architectures: amd64",
      "Components: main",
      `Date: ${new Date().toUTCString()}`,
      "SHA256:",
      ` ${hash} ${Buffer.byteLength(packages)} ${index}`,
      "",
    ].join("\n"),
  );
}

/** With a key that is forgotten at once: another build has another one. */
async function signRepository(directory: string, home: string): Promise<void> {
  await mkdir(home, { mode: 0o700 });
  const gpg = (...args: readonly string[]): string =>
    runProgram("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args]);
  gpg(
    "--quick-gen-key",
    "Salt repository of the lab <lab@example.invalid>",
    "ed25519",
    "sign",
    "never",
  );
  const suite = join(directory, "dists/stable");
  gpg(
    "--clearsign",
    "--digest-algo",
    "SHA512",
    "--output",
    join(suite, "InRelease"),
    join(suite, "Release"),
  );
  const key = gpg("--armor", "--export");
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg("--with-colons", "--fingerprint"))?.[1] ?? "";
  runProgram("gpgconf", ["--homedir", home, "--kill", "all"]);
  await writeFile(join(directory, "fingerprint"), fingerprint);
  await writeFile(join(directory, "key.asc"), key);
}
