import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type BuiltRepository, writeAptRepository } from "../apt/apt-repository.ts";
import { runProgram } from "../apt/run-program.ts";

/**
 * A repository that looks like OpenVox's: its suites, component, package names, paths and commands. Behind them is Debian's own
 * Puppet, moved to where OpenVox keeps its files.
 */

const VERSION = "8.99.0";

/** Where OpenVox keeps things that Debian has elsewhere; links lead to it from there. */
const AGENT_SCRIPT = `set -e
[ "$1" = configure ] || exit 0
[ ! -L /etc/puppet ] || exit 0
# What was written there before the package came counts.
mkdir -p /etc/puppetlabs/puppet /etc/puppetlabs/code /etc/puppetlabs/puppetserver
cp -an /etc/puppet/. /etc/puppetlabs/puppet/
for folder in code puppetserver; do
  [ ! -d /etc/puppetlabs/puppet/$folder ] || cp -an /etc/puppetlabs/puppet/$folder/. /etc/puppetlabs/$folder/
  rm -rf /etc/puppetlabs/puppet/$folder
  ln -s ../$folder /etc/puppetlabs/puppet/$folder
done
rm -rf /etc/puppet
ln -s puppetlabs/puppet /etc/puppet
mkdir -p /etc/puppetlabs/puppet/ssl
chown puppet:puppet /etc/puppetlabs/puppet/ssl
rm -rf /var/lib/puppet/ssl
mkdir -p /var/lib/puppet
ln -s /etc/puppetlabs/puppet/ssl /var/lib/puppet/ssl
mkdir -p /opt/puppetlabs/bin /opt/puppetlabs/puppet
ln -sfn /usr/bin/puppet /opt/puppetlabs/bin/puppet
ln -sfn /var/cache/puppet /opt/puppetlabs/puppet/cache
ln -sfn /var/cache/puppet/public /opt/puppetlabs/puppet/public
`;

const SERVER_SCRIPT = `set -e
[ "$1" = configure ] || exit 0
ln -sfn /usr/bin/puppetserver /opt/puppetlabs/bin/puppetserver
mkdir -p /var/log/puppetlabs
ln -sfn /var/log/puppetserver /var/log/puppetlabs/puppetserver
`;

/** Makes the repository in a temporary folder, which the caller removes. */
export async function buildOpenvoxLookAlike(): Promise<BuiltRepository> {
  const directory = await mkdtemp(join(tmpdir(), "openvox-"));
  const pool = join(directory, "pool");
  await mkdir(pool);
  // Debian's server has its settings in a folder of the agent's, so it comes first.
  await buildPackage(pool, "openvox-agent", "puppet-agent", AGENT_SCRIPT);
  await buildPackage(pool, "openvox-server", "openvox-agent, puppetserver", SERVER_SCRIPT);
  return writeAptRepository(
    directory,
    ["debian12", "debian13"].map((name) => ({ name, component: "openvox8" })),
  );
}

async function buildPackage(
  pool: string,
  name: string,
  depends: string,
  postinst: string,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "openvox-build-"));
  await mkdir(join(root, "DEBIAN"));
  await writeFile(
    join(root, "DEBIAN/control"),
    `Package: ${name}
Version: ${VERSION}
Architecture: all
Maintainer: bootmachine's lab <lab@example.invalid>
Section: admin
Priority: optional
Depends: ${depends}
Description: Debian's Puppet under the names of OpenVox, for tests
`,
  );
  await writeFile(join(root, "DEBIAN/postinst"), `#!/bin/sh\n${postinst}`);
  await chmod(join(root, "DEBIAN/postinst"), 0o755);
  runProgram("dpkg-deb", [
    "--root-owner-group",
    "--build",
    root,
    join(pool, `${name}_${VERSION}_all.deb`),
  ]);
  await rm(root, { recursive: true });
}
