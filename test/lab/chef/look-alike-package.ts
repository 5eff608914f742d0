import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Debian's own; there on every Debian. */
const BUILDER = "dpkg-deb";
const LOOK_ALIKE = resolve(import.meta.dirname, "look-alike");

export interface BuiltPackage {
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
  const root = join(directory, `cinc-${version}`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, "DEBIAN"), { recursive: true });
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  cpSync(LOOK_ALIKE, join(root, "opt/cinc/look-alike"), { recursive: true });
  const client = join(root, "usr/bin/cinc-client");
  writeFileSync(
    client,
    `#!/bin/sh
LOOK_ALIKE_VERSION=${version}
export LOOK_ALIKE_VERSION
exec ruby /opt/cinc/look-alike/client.rb "$@"
`,
  );
  chmodSync(client, 0o755);
  writeFileSync(
    join(root, "DEBIAN/control"),
    `Package: cinc
Version: ${version}-1
Architecture: all
Maintainer: bootmachine's lab <lab@example.invalid>
Depends: ruby, diffutils
Description: look-alike of Cinc Client, for tests
`,
  );
  const path = join(directory, `cinc_${version}-1_all.deb`);
  execFileSync(BUILDER, ["--build", "--root-owner-group", root, path], { stdio: "ignore" });
  return {
    path,
    version,
    sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
  };
}
