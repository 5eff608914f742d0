import { quote } from "../../program/quote.ts";
import type { PackageOrigin } from "./package-source.ts";
import type { WantedPackage } from "./product.ts";

/** No download is larger: Cinc's packages have some 40-60 MB. */
const LARGEST_BYTES = 512 * 1024 * 1024;
/** For curl: ten seconds to connect, at most ten minutes for all. */
const CURL = `curl --silent --show-error --fail --location --retry 3 --connect-timeout 10 --max-filesize ${LARGEST_BYTES}`;

/** Shell text that exits 0 where the wanted package is installed. */
export function isInstalled(wanted: WantedPackage, origin: PackageOrigin): string {
  const { name, command } = wanted;
  if ("from" in origin && origin.from === "given") {
    // Whoever gives a checksum wants that very package, whatever its version.
    return `dpkg-query -W -f '\${db:Status-Status}\\n' ${name} 2>/dev/null | grep -qx installed &&
[ -x ${command} ] && [ "$(cat ${wanted.folder}/installed.sha256 2>/dev/null)" = ${origin.source.sha256} ]`;
  }
  const version = wanted.version.replaceAll(".", String.raw`\.`);
  // "18" means 18.x, so a digit must not follow; Debian's part of the version begins with "-", "~" or "+".
  return `dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' ${name} 2>/dev/null |
  grep -Eq '^installed ([0-9]+:)?${version}([.~+-].*)?$' && [ -x ${command} ]`;
}

/** Shell text that exits 0 where the host can reach what it would have to fetch; 20 seconds at most. */
export function canFetch(origin: PackageOrigin): string {
  if (!("from" in origin)) return "false";
  const address = addressOf(origin);
  if (address === undefined) return "false";
  const { hostname, port, protocol } = new URL(address);
  const name = hostname.replaceAll(/[[\]]/g, "");
  const service = port === "" ? protocol.replace(":", "") : port;
  return `if command -v curl >/dev/null; then
  ${CURL} --max-time 20 --head --output /dev/null ${quote(address)} 2>/dev/null
else
  # A host that reaches the address can install curl as well.
  timeout 20 bash -c 'exec 3<>"/dev/tcp/$0/$1"' ${quote(name)} ${service} 2>/dev/null
fi`;
}

function addressOf(
  origin: Exclude<PackageOrigin, { readonly impossible: string }>,
): string | undefined {
  if (origin.from === "service") return origin.question;
  return "url" in origin.source ? origin.source.url : undefined;
}

/**
 * Shell text that fetches the package, or takes the one that was brought, holds it against its checksum and has the
 * distro's package tool install it.
 */
export function installScript({ folder }: WantedPackage, origin: PackageOrigin): string {
  if ("impossible" in origin) return `echo ${quote(origin.impossible)} >&2\nexit 1`;
  return `set -e
umask 077
mkdir -p ${folder}
chmod 700 ${folder}
cd ${folder}
rm -f package.deb answer
trap 'rm -f package.deb answer relayed relayed.sha256' EXIT
if [ -s relayed ]; then
  # The operator's computer has fetched it, and has said what its checksum is.
  sha256=$(cat relayed.sha256)
  mv relayed package.deb
else
${fetchLines(origin)}
fi
if ! printf '%s  package.deb\\n' "$sha256" | sha256sum --check --status; then
  echo "the package is not what its checksum says: $sha256 is wanted, and it is $(sha256sum package.deb | cut -d ' ' -f 1)" >&2
  exit 1
fi
# By apt, not dpkg: it waits for the lock, and brings what the package depends on. Its own user must read the file.
# --reinstall: another build of the same version is another package.
chmod 755 .
chmod 644 package.deb
install_it() {
  DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet --no-install-recommends --allow-downgrades --reinstall \\
    -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install ./package.deb
}
# The lists of packages may be missing or old. Without a need for them they are not asked for: there may be no way out.
install_it || { apt-get --quiet -o DPkg::Lock::Timeout=300 update && install_it; }
chmod 700 .
printf '%s\\n' "$sha256" >installed.sha256`;
}

function fetchLines(origin: Exclude<PackageOrigin, { readonly impossible: string }>): string {
  if (origin.from === "given") {
    return "url" in origin.source
      ? `  sha256=${origin.source.sha256}
  ${CURL} --max-time 600 --output package.deb ${quote(origin.source.url)}`
      : `  echo "the package was to be brought by the operator's computer, and was not" >&2
  exit 1`;
  }
  return `  ${CURL} --max-time 60 --output answer ${quote(origin.question)}
  url=$(awk -F '\\t' '$1 == "url" { print $2 }' answer)
  sha256=$(awk -F '\\t' '$1 == "sha256" { print $2 }' answer)
  if [ -z "$url" ] || [ "\${#sha256}" -ne 64 ]; then
    echo "the download service names no package and checksum for this platform:" >&2
    head -c 500 answer >&2
    exit 1
  fi
  ${CURL} --max-time 600 --output package.deb "$url"`;
}
