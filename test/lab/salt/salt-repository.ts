import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

import {
  NETWORK_CANDIDATES,
  overlaps,
  parseNetwork,
} from "../../../src/providers/local/network-plan.ts";
import { buildSaltPackages, runProgram, SALT_RELEASES, type SaltSeries } from "./salt-packages.ts";

/**
 * A local apt repository of the real Salt, signed with a key of its own and laid out as upstream's (suite `stable`,
 * component `main`): what the tests install by the product's own path of repository, key and apt.
 */

const CACHE = resolve(import.meta.dirname, "../../../.cache/salt-repository");

export interface BuiltRepository {
  readonly directory: string;
  /** Armoured public key. */
  readonly key: string;
}

/** Builds the repository (some five minutes, most of it downloads), or takes the one that was built from the same recipe. */
export async function buildSaltRepository(series: SaltSeries = "3008"): Promise<BuiltRepository> {
  const recipe = createHash("sha256");
  for (const file of ["salt-packages.ts", "salt-repository.ts"]) {
    recipe.update(await readFile(join(import.meta.dirname, file)));
  }
  const name = `${SALT_RELEASES[series]}-${recipe.digest("hex").slice(0, 12)}`;
  const directory = join(CACHE, name);
  const key = await readFile(join(directory, "key.asc"), "utf8").catch(() => undefined);
  if (key !== undefined) return { directory, key };
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
  // Of other recipes of this series.
  for (const other of await readdir(CACHE)) {
    if (other !== name && other.startsWith(`${SALT_RELEASES[series]}-`))
      await rm(join(CACHE, other), { recursive: true, force: true });
  }
  return { directory, key: await readFile(join(directory, "key.asc"), "utf8") };
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
  runProgram("gpgconf", ["--homedir", home, "--kill", "all"]);
  await writeFile(join(directory, "key.asc"), key);
}

export interface ServedRepository {
  /** Reached by the local servers. */
  readonly url: string;
  readonly key: string;
  stop(): Promise<void>;
}

/** Serves a repository to local servers; nobody else gets an answer. */
export async function serveRepository({
  directory,
  key,
}: BuiltRepository): Promise<ServedRepository> {
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://repository").pathname;
    const file = join(directory, path);
    const answer = async (): Promise<void> => {
      const facts = file.startsWith(directory)
        ? await stat(file).catch(() => undefined)
        : undefined;
      if (facts?.isFile() !== true || basename(file) === "key.asc") {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "content-length": facts.size });
      if (request.method === "HEAD") response.end();
      else await pipeline(createReadStream(file), response);
    };
    answer().catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    const remote = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const isServer =
      /^[0-9.]+$/.test(remote) &&
      NETWORK_CANDIDATES.some((one) => overlaps(parseNetwork(one), parseNetwork(remote)));
    if (!isServer) socket.destroy();
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "0.0.0.0", done);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://${ownAddress()}:${port}/`,
    key,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** An address of this computer that is there before the servers' bridge is. */
function ownAddress(): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(bootmachine0|bm-|vb-)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (found === undefined) throw new Error("this computer has no IPv4 address");
  return found.address;
}
