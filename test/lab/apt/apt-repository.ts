import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runProgram } from "./run-program.ts";

export interface BuiltRepository {
  readonly directory: string;
  /** Armoured public key; also in the file key.asc. */
  readonly key: string;
  readonly fingerprint: string;
}

export interface Suite {
  readonly name: string;
  readonly component: string;
}

/**
 * Makes an apt repository of the packages in the folder `pool`, all of them in every suite, signed with a key of its own that is
 * forgotten at once. The files `fingerprint` and, last, `key.asc` say with which.
 */
export async function writeAptRepository(
  directory: string,
  suites: readonly Suite[],
): Promise<BuiltRepository> {
  const packages = await describePackages(directory);
  for (const suite of suites) await writeIndex(directory, suite, packages);
  const home = await mkdtemp(join(tmpdir(), "apt-gnupg-"));
  try {
    return { directory, ...(await sign(directory, suites, home)) };
  } finally {
    runProgram("gpgconf", ["--homedir", home, "--kill", "all"]);
    await rm(home, { recursive: true, force: true });
  }
}

async function describePackages(directory: string): Promise<string> {
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
  return paragraphs.join("\n");
}

async function writeIndex(
  directory: string,
  { name, component }: Suite,
  packages: string,
): Promise<void> {
  const index = `${component}/binary-amd64/Packages`;
  const suite = join(directory, "dists", name);
  await mkdir(join(suite, component, "binary-amd64"), { recursive: true });
  await writeFile(join(suite, index), packages);
  const hash = createHash("sha256").update(packages).digest("hex");
  await writeFile(
    join(suite, "Release"),
    [
      "Origin: bootmachine's lab",
      `Suite: ${name}`,
      `Codename: ${name}`,
      "Architectures: amd64",
      `Components: ${component}`,
      `Date: ${new Date().toUTCString()}`,
      "SHA256:",
      ` ${hash} ${Buffer.byteLength(packages)} ${index}`,
      "",
    ].join("\n"),
  );
}

async function sign(
  directory: string,
  suites: readonly Suite[],
  home: string,
): Promise<{ readonly key: string; readonly fingerprint: string }> {
  const gpg = (...args: readonly string[]): string =>
    runProgram("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args]);
  gpg("--quick-gen-key", "Repository of the lab <lab@example.invalid>", "ed25519", "sign", "never");
  for (const { name } of suites) {
    const suite = join(directory, "dists", name);
    gpg(
      "--clearsign",
      "--digest-algo",
      "SHA512",
      "--output",
      join(suite, "InRelease"),
      join(suite, "Release"),
    );
  }
  const key = gpg("--armor", "--export");
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg("--with-colons", "--fingerprint"))?.[1] ?? "";
  await writeFile(join(directory, "fingerprint"), fingerprint);
  await writeFile(join(directory, "key.asc"), key);
  return { key, fingerprint };
}
