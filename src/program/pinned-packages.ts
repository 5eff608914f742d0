import type { CommandResource } from "./resource.ts";

/** Packages, and the version that each is to have: whole, or its beginning: "8.11" is 8.11.0 and 8.11.2, not 8.110. */
export type VersionByPackage = Readonly<Record<string, string>>;

/** A regular expression, as apt and awk both read it. A digit must not follow; Debian's part of a version begins with "-", "~" or "+". */
export function versionPattern(version: string): string {
  return `/^([0-9]+:)?${version.replaceAll(".", "[.]")}([.~+-]|$)/`;
}

/** One entry of apt's preferences. `version` is a pattern: "3008.*", "*", or a regular expression between slashes. */
export function aptPin(packages: string, version: string, priority: number): string {
  return `Package: ${packages}
Pin: version ${version}
Pin-Priority: ${priority}
`;
}

/** How often the lock of apt's lists, which its own daily timer takes too, is asked for: every three seconds. */
const LOCK_TRIES = 100;

/** Installed packages are brought to these versions, back as well as forward; apt's preferences say which it takes. */
export function ofVersions(id: string, versions: VersionByPackage): CommandResource {
  const names = Object.keys(versions).join(" ");
  const others = Object.entries(versions).map(
    ([name, version]) =>
      `$1 == "${name}" && $2 !~ ${versionPattern(version)} { print $1 " is " $2 ", not ${version}"; other = 1 }`,
  );
  return {
    type: "command",
    id,
    check: `dpkg-query -W -f='\${Package} \${Version}\\n' ${names} | awk '
${others.join("\n")}
END { exit other }'`,
    showCheckOutput: true,
    run: `set -e
export DEBIAN_FRONTEND=noninteractive
# For the lock of its lists apt does not wait, as it does for dpkg's.
tries=0
until said=$(LC_ALL=C apt-get -q -y update 2>&1); do
  tries=$((tries + 1))
  case $said in
  *"Could not get lock"*) [ "$tries" -ge ${LOCK_TRIES} ] || { sleep 3; continue; } ;;
  esac
  printf '%s\\n' "$said" >&2
  exit 1
done
apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \\
  --no-install-recommends --allow-downgrades install ${names}`,
    timeoutSeconds: 1200,
  };
}
