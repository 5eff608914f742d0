import { ACCESS_DIRECTORY } from "../baseline/access-restore.ts";
import { firewallOpenings } from "../baseline/access-resources.ts";
import type { BaselineContext } from "../baseline/context.ts";
import type { Operation } from "../distros/contract.ts";
import { type LiveCheck, nothingFound, type ProofClock } from "./live-check.ts";
import { portRange } from "./port-ranges.ts";
import { FIREWALL_TABLES, LISTENERS } from "../program/host-reads.ts";
import { quote } from "../program/quote.ts";

/** Ours, and what firewalld and ufw make of our declarations where one of them is active. */
const OWN_TABLES = ["inet bootmachine"];

export function foreignFirewallTables({ facts }: BaselineContext): LiveCheck {
  const managed = facts.activeFirewalls.length > 0;
  return {
    check: "firewall-foreign-tables",
    reads: FIREWALL_TABLES,
    sh: nothingFound(
      String.raw`printf '%s\n' "$bm_tables" | awk '/^table / { sub(/^table /, ""); if ($0 !~ /^(${OWN_TABLES.join("|")})$/) print "+ table " $0 }'`,
    ),
    onlyIf: managed ? "false" : "command -v nft >/dev/null",
    skipReason: managed
      ? `${facts.activeFirewalls.join(" and ")} makes its own tables here`
      : "no nft here",
  };
}

/**
 * What listens on addresses that others can reach and is not declared. A DHCP client's own port is part of
 * having an address, and its packets are judged by the rule set.
 */
export function listenersDeclared(context: BaselineContext): LiveCheck {
  const declared = [
    ["tcp", context.server.ssh.port, context.server.ssh.port],
    ...firewallOpenings(context, "final").map(({ protocol, port }) => [
      protocol,
      ...portRange(port),
    ]),
    // Declared for the stack, and nobody's address is known yet.
    ...context.server.firewall.map(({ protocol, port }) => [protocol, ...portRange(port)]),
    ["udp", 68, 68],
    ["udp", 546, 546],
  ]
    .map((words) => words.join(" "))
    .join(";");
  return {
    check: "listeners-declared",
    reads: LISTENERS,
    sh: nothingFound(String.raw`printf '%s\n' "$bm_listeners" | awk -v declared=${quote(declared)} '
  BEGIN { n = split(declared, list, ";") }
  NF {
    address = $5; port = address; sub(/^.*:/, "", port); sub(/:[^:]*$/, "", address); sub(/%[^]]*/, "", address)
    if (address ~ /^(127\.|\[::1\]|\[::ffff:127\.)/) next
    for (i = 1; i <= n; i++) {
      split(list[i], range, " ")
      if ($1 == range[1] && port + 0 >= range[2] + 0 && port + 0 <= range[3] + 0) next
    }
    program = "an unknown program"
    if (match($0, /"[^"]*"/)) program = substr($0, RSTART + 1, RLENGTH - 2)
    line = "+ " $1 " " address ":" port " " program
    if (!(line in seen)) print line
    seen[line] = 1
  }'`),
    onlyIf: "command -v ss >/dev/null",
    skipReason: "no ss here",
  };
}

function functionOf(name: string, operation: Operation): string | undefined {
  return "sh" in operation ? `${name}() {\n${operation.sh}\n}` : undefined;
}

export function securityUpgrades({ distro, facts, server }: BaselineContext): LiveCheck {
  const operation = distro.operations(facts).upgradesPending;
  const pending = functionOf("bm_upgrades_pending", operation);
  const isWanted = server.upgrades.atBoot !== "none" || server.upgrades.automatic !== "none";
  return {
    check: "security-upgrades",
    sh: nothingFound(`${pending ?? ""}
bm_upgrades_pending security | sed 's/^/- /'`),
    ...(pending === undefined
      ? { onlyIf: "false", skipReason: "impossible" in operation ? operation.impossible : "" }
      : isWanted
        ? {}
        : { onlyIf: "false", skipReason: "the config says that nothing is to be upgraded" }),
  };
}

const TOLERANCE_SECONDS = 10;
/** Between compiling the check and its turn on the host. */
const DELAY_SECONDS = 60;

export function clockRight({ facts }: BaselineContext, { nowSeconds }: ProofClock): LiveCheck {
  return {
    check: "clock-right",
    sh: String.raw`bm_ahead=$(( $(date +%s) - ${nowSeconds} ))
if [ "$bm_ahead" -lt -${TOLERANCE_SECONDS} ] || [ "$bm_ahead" -gt ${TOLERANCE_SECONDS + DELAY_SECONDS} ]; then
  echo "+ the host's clock is $bm_ahead s ahead of the controller's"
  false
fi`,
    ...(facts.isContainer
      ? { onlyIf: "false", skipReason: "a container has the clock of its computer" }
      : {}),
  };
}

export function noFailedUnit({ facts }: BaselineContext): LiveCheck {
  return {
    check: "units-none-failed",
    sh: nothingFound(
      String.raw`systemctl list-units --failed --no-legend --plain --no-pager 2>&1 | awk '{ print "+ " $1 " has failed" }'`,
    ),
    ...(facts.init === "systemd" ? {} : { onlyIf: "false", skipReason: "not a systemd host" }),
  };
}

export function rebootNotPending({ distro, facts }: BaselineContext): LiveCheck {
  const operation = distro.operations(facts).rebootIsNeeded;
  const needed = functionOf("bm_reboot_needed", operation);
  return {
    check: "reboot-not-pending",
    sh: `${needed ?? ""}
if bm_why=$(bm_reboot_needed); then
  printf '+ %s\\n' "$bm_why"
  false
fi`,
    ...(needed === undefined
      ? { onlyIf: "false", skipReason: "impossible" in operation ? operation.impossible : "" }
      : {}),
  };
}

/** Armed: the timer counts down. Restoring: the old way is being put back right now. */
export function accessChangeSettled(): LiveCheck {
  return {
    check: "access-change-settled",
    sh: nothingFound(String.raw`for bm_entry in ${ACCESS_DIRECTORY}/armed ${ACCESS_DIRECTORY}/restoring; do
  [ ! -e "$bm_entry" ] || echo "+ $bm_entry"
done`),
  };
}
