import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Debian's own; there on every Debian. */
const BUILDER = "dpkg-deb";
const LOOK_ALIKE = resolve(import.meta.dirname, "look-alike");
const SERVER = resolve(import.meta.dirname, "look-alike-server");

export interface BuiltPackage {
  /** The download service's name for it. */
  readonly product: string;
  readonly path: string;
  readonly version: string;
  readonly sha256: string;
}

/**
 * Builds a package "cinc" whose client is the look-alike: the paths and the command of the real one, and Ruby from Debian.
 *
 * @param directory private to the caller
 * @param version the client's, such as "18.7.10"
 */
export function buildLookAlike(directory: string, version: string): BuiltPackage {
  return build(directory, { name: "cinc", product: "cinc", version }, (root) => {
    cpSync(LOOK_ALIKE, join(root, "opt/cinc/look-alike"), { recursive: true });
    writeProgram(
      join(root, "usr/bin/cinc-client"),
      `LOOK_ALIKE_VERSION=${version}
export LOOK_ALIKE_VERSION
exec ruby /opt/cinc/look-alike/client.rb "$@"`,
    );
  });
}

/** Builds a package "cinc-server-core" in the same way: the control command, knife, and a server that checks signed requests. */
export function buildLookAlikeServer(directory: string, version: string): BuiltPackage {
  const wanted = { name: "cinc-server-core", product: "cinc-server", version };
  return build(directory, wanted, (root) => {
    const folder = join(root, "opt/cinc-project/look-alike");
    cpSync(SERVER, folder, { recursive: true });
    cpSync(join(LOOK_ALIKE, "signature.rb"), join(folder, "signature.rb"));
    const run = (program: string): string =>
      `exec ruby /opt/cinc-project/look-alike/${program}.rb "$@"`;
    writeProgram(join(root, "usr/bin/cinc-server-ctl"), run("control"));
    writeProgram(join(root, "opt/cinc-project/embedded/bin/knife"), run("knife"));
  });
}

function writeProgram(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

function build(
  directory: string,
  { name, product, version }: Pick<BuiltPackage, "product" | "version"> & { readonly name: string },
  fill: (root: string) => void,
): BuiltPackage {
  const root = join(directory, `${name}-${version}`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, "DEBIAN"), { recursive: true });
  fill(root);
  writeFileSync(
    join(root, "DEBIAN/control"),
    `Package: ${name}
Version: ${version}-1
Architecture: all
Maintainer: bootmachine's lab <lab@example.invalid>
Depends: ruby, diffutils
Description: look-alike of ${name}, for tests
`,
  );
  const path = join(directory, `${name}_${version}-1_all.deb`);
  execFileSync(BUILDER, ["--build", "--root-owner-group", root, path], { stdio: "ignore" });
  return {
    product,
    path,
    version,
    sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
  };
}
