import type { HostFacts } from "../../host/facts.ts";
import type { Resource } from "../../program/resource.ts";
import type { UpgradePolicy } from "../contract.ts";
import { LISTS_ARE_FRESH, REFRESH_LISTS } from "./apt.ts";

/** Without lists, or with old ones, nothing seems to be pending. */
export function packageListsResources(): readonly Resource[] {
  return [
    {
      type: "command",
      id: "package lists fresh",
      check: LISTS_ARE_FRESH,
      run: REFRESH_LISTS,
      timeoutSeconds: 900,
    },
  ];
}

const OTHER_CLOCKS = "chrony.service ntpsec.service ntp.service openntpd.service";

/** systemd-timesyncd, unless another time service is active: that one is left alone. */
export function timeSynchronisationResources(facts: HostFacts): readonly Resource[] {
  const guard = facts.isContainer
    ? { onlyIf: "false", skipReason: "a container has the clock of its computer" }
    : {
        onlyIf: `! systemctl is-active --quiet ${OTHER_CLOCKS}`,
        skipReason: "another time service is active, and is left alone",
      };
  return [
    // A package of its own since Debian 11. Installed only after the guard: it conflicts with the other time services.
    { type: "package", id: "time synchronisation package", names: ["systemd-timesyncd"], ...guard },
    {
      type: "service",
      id: "time synchronisation",
      name: "systemd-timesyncd.service",
      enabled: true,
      running: true,
      ...guard,
    },
  ];
}

/** Only these origins are upgraded by the host itself; the list replaces the package's own. */
function origins(policy: "all" | "security"): readonly string[] {
  const security = [
    // Both spellings: the archive changed its codename from bullseye/updates to bullseye-security with Debian 11.
    `"origin=Debian,codename=\${distro_codename},label=Debian-Security";`,
    `"origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";`,
  ];
  return policy === "security" ? security : [...security, `"origin=*";`];
}

export const UPGRADES_FILE = "/etc/apt/apt.conf.d/52bootmachine";

/** unattended-upgrades by policy. Never a reboot by itself: that is the operator's decision, or the next `up`'s. */
export function automaticUpgradesResources(policy: UpgradePolicy): readonly Resource[] {
  const head = [
    "// Written by bootmachine, and put back by it when it is changed. Read after 20auto-upgrades and 50unattended-upgrades.",
  ];
  if (policy === "none") {
    return [
      {
        type: "file",
        id: "automatic upgrades settings",
        path: UPGRADES_FILE,
        content: [...head, `APT::Periodic::Unattended-Upgrade "0";`, ""].join("\n"),
      },
    ];
  }
  return [
    { type: "package", id: "automatic upgrades package", names: ["unattended-upgrades"] },
    {
      type: "file",
      id: "automatic upgrades settings",
      path: UPGRADES_FILE,
      content: [
        ...head,
        `APT::Periodic::Update-Package-Lists "1";`,
        `APT::Periodic::Unattended-Upgrade "1";`,
        `APT::Periodic::AutocleanInterval "7";`,
        "#clear Unattended-Upgrade::Origins-Pattern;",
        "Unattended-Upgrade::Origins-Pattern {",
        ...origins(policy).map((origin) => `\t${origin}`),
        "};",
        `// An upgrade that the power cut interrupted is finished before the next one.`,
        `Unattended-Upgrade::AutoFixInterruptedDpkg "true";`,
        `Unattended-Upgrade::MinimalSteps "true";`,
        `Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";`,
        `Unattended-Upgrade::Automatic-Reboot "false";`,
        `Dpkg::Options:: "--force-confdef";`,
        `Dpkg::Options:: "--force-confold";`,
        "",
      ].join("\n"),
      validate: `apt-config --config-file="$1" dump >/dev/null`,
    },
    {
      type: "command",
      id: "automatic upgrades timers",
      // One question for both: each systemctl costs some milliseconds.
      check: String.raw`! systemctl show -p ActiveState -p UnitFileState --value apt-daily.timer apt-daily-upgrade.timer | grep -Eqv '^(active|enabled|)$'`,
      run: "systemctl unmask --quiet apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service; systemctl enable --quiet --now apt-daily.timer apt-daily-upgrade.timer",
    },
  ];
}

/** Units that some stock images start, that listen to the network, and that nobody asked for. */
const UNWANTED = [
  "rpcbind.socket",
  "rpcbind.service",
  "avahi-daemon.socket",
  "avahi-daemon.service",
  "cups.socket",
  "cups.service",
  "cups-browsed.service",
  "telnet.socket",
  "inetd.service",
] as const;

/** Its folder is there from its first start on: a look at that costs nothing. */
const RESOLVED_RUNS =
  "[ -d /run/systemd/resolve ] && systemctl is-active --quiet systemd-resolved.service";

export function unwantedServicesResources(): readonly Resource[] {
  const units = UNWANTED.join(" ");
  return [
    {
      type: "command",
      id: "unwanted services stopped",
      // A unit that no file knows is not asked about: for each of them systemd would look through all its folders.
      check: String.raw`set --
for bm_unit in ${units}; do
  for bm_directory in /etc /run /usr/lib /lib; do
    if [ -e "$bm_directory/systemd/system/$bm_unit" ]; then set -- "$@" "$bm_unit"; break; fi
  done
  if [ -e "/run/systemd/generator.late/$bm_unit" ]; then set -- "$@" "$bm_unit"; fi
done
[ $# -eq 0 ] || ! systemctl show -p ActiveState -p UnitFileState --value "$@" | grep -Eq '^(active|enabled)$'`,
      run: String.raw`for bm_unit in ${units}; do
  if systemctl is-active --quiet "$bm_unit" || systemctl is-enabled --quiet "$bm_unit" 2>/dev/null; then
    echo "stopping $bm_unit"
    systemctl disable --quiet --now "$bm_unit" || exit 1
  fi
done`,
    },
    {
      type: "directory",
      path: "/etc/systemd/resolved.conf.d",
      onlyIf: RESOLVED_RUNS,
      skipReason: "systemd-resolved does not run",
    },
    {
      // Name resolution by shouting into the local network (port 5355 and 5353): a server has DNS.
      type: "file",
      path: "/etc/systemd/resolved.conf.d/00-bootmachine.conf",
      content: "# Written by bootmachine.\n[Resolve]\nLLMNR=no\nMulticastDNS=no\n",
      triggers: [{ restart: "systemd-resolved.service" }],
      onlyIf: RESOLVED_RUNS,
      skipReason: "systemd-resolved does not run",
    },
  ];
}
