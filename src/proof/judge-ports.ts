import { isListed } from "../stack/address-list.ts";
import type { Opening } from "../stack/stack.ts";
import type { CheckResult } from "./check.ts";
import { failed, passed, skipped } from "./check-result.ts";
import { CHECKS } from "./checks.ts";
import type { AddressSight } from "./port-scan.ts";
import { describePorts, isInRange } from "./port-ranges.ts";

/**
 * @param sights of every address that can be asked from here; undefined: the host is reached through a jump host
 * @param ms how long it took to look
 */
export function judgeOldPorts(
  wanted: readonly number[],
  sights: readonly Pick<AddressSight, "address" | "states">[] | undefined,
  ms: number,
): CheckResult {
  const check = CHECKS["ssh-old-port-closed"];
  if (wanted.length === 0) return skipped(check, "the config says that ssh stays on this port");
  if (sights === undefined) return skipped(check, "the host is reached through a jump host only");
  const seen = wanted.flatMap((port) =>
    sights.map(({ address, states }) => ({
      port,
      address,
      state: states.get(port) ?? "unknown",
    })),
  );
  const text = seen.map(({ port, address, state }) => `port ${port} on ${address}: ${state}`);
  const open = seen.filter(({ state }) => state === "open");
  if (open.length > 0) {
    return failed(
      check,
      `an old way in is open (${text.join(", ")})`,
      ms,
      open.map(({ port, address }) => `+ tcp ${port} open on ${address}`),
    );
  }
  // An address of a family that this computer does not have says nothing; another one does.
  const isSeen = wanted.every((wantedPort) =>
    seen.some(({ port, state }) => port === wantedPort && state !== "unknown"),
  );
  return isSeen
    ? passed(check, text.join(", "), ms)
    : failed(check, `it could not be seen (${text.join(", ")})`, ms);
}

export interface PortsSeen {
  readonly openings: readonly Opening[];
  /** Where the host sees us come from; undefined where we never got in. */
  readonly controllerAddress: string | undefined;
  readonly ipv4: AddressSight | undefined;
  readonly ipv6: AddressSight | undefined;
  readonly jumpHost: string | undefined;
}

/** Whether the firewall is to let the controller's packets to this port through. */
function opensToUs(
  openings: readonly Opening[],
  port: number,
  controller: string | undefined,
): "yes" | "no" | "maybe" {
  const matching = openings.filter(
    (opening) => opening.protocol === "tcp" && isInRange(port, opening.port),
  );
  if (matching.some(({ from }) => from === "anywhere")) return "yes";
  let answer: "no" | "maybe" = "no";
  for (const { from } of matching) {
    // The members' addresses are not known here, and the controller may be one of them.
    if (typeof from === "string" || controller === undefined) answer = "maybe";
    else if (isListed(from, controller)) return "yes";
  }
  return answer;
}

const PORT_CHECKS = [
  "ports-only-declared-ipv4",
  "ports-only-declared-ipv6",
  "ports-undeclared-silent",
  "ports-declared-reachable",
] as const;

export function judgePorts(seen: PortsSeen): readonly CheckResult[] {
  if (seen.jumpHost !== undefined) {
    return PORT_CHECKS.map((id) =>
      skipped(CHECKS[id], "the host is reached through a jump host only"),
    );
  }
  const sights = [seen.ipv4, seen.ipv6].filter((sight) => sight !== undefined);
  return [
    judgeFamily(CHECKS["ports-only-declared-ipv4"], "IPv4", seen.ipv4, seen),
    judgeFamily(CHECKS["ports-only-declared-ipv6"], "IPv6", seen.ipv6, seen),
    judgeSilence(sights, seen),
    judgeReachable(sights, seen),
  ];
}

function portsIn(sight: AddressSight, state: string): readonly number[] {
  return [...sight.states].filter(([, found]) => found === state).map(([port]) => port);
}

function judgeFamily(
  check: (typeof CHECKS)["ports-only-declared-ipv4" | "ports-only-declared-ipv6"],
  family: string,
  sight: AddressSight | undefined,
  { openings, controllerAddress }: PortsSeen,
): CheckResult {
  if (sight === undefined)
    return skipped(check, `the server has no ${family} address that is known`);
  const unknown = portsIn(sight, "unknown");
  if (unknown.length === sight.states.size) {
    return skipped(check, `this computer has no way to ${sight.address}`);
  }
  if (unknown.length > 0) {
    return failed(
      check,
      `${unknown.length} ports could not be asked: ${describePorts(unknown)}`,
      sight.ms,
    );
  }
  const open = portsIn(sight, "open");
  const verdict = (port: number) => opensToUs(openings, port, controllerAddress);
  const undeclared = open.filter((port) => verdict(port) === "no");
  if (undeclared.length > 0) {
    return failed(
      check,
      `${undeclared.length} undeclared ${undeclared.length === 1 ? "port is" : "ports are"} open: ${describePorts(undeclared)}`,
      sight.ms,
      undeclared.map((port) => `+ tcp ${port} open on ${sight.address}`),
    );
  }
  const counts = `${portsIn(sight, "filtered").length} filtered, ${portsIn(sight, "closed").length} closed`;
  const declared = open.length === 0 ? "none open" : `open as declared: ${describePorts(open)}`;
  return passed(check, `${sight.states.size} ports besides ssh: ${counts}, ${declared}`, sight.ms);
}

/** Holes without a listener stand out where all the rest is silent. */
function judgeSilence(
  sights: readonly AddressSight[],
  { openings, controllerAddress }: PortsSeen,
): CheckResult {
  const check = CHECKS["ports-undeclared-silent"];
  if (sights.length === 0) return skipped(check, "no address could be scanned");
  const ms = Math.max(...sights.map((sight) => sight.ms));
  const holes = sights.map((sight) => ({
    sight,
    ports: portsIn(sight, "closed").filter(
      (port) => opensToUs(openings, port, controllerAddress) === "no",
    ),
  }));
  const found = holes.filter(({ ports }) => ports.length > 0);
  if (found.length === 0) return passed(check, "no undeclared port refuses; all are silent", ms);
  return failed(
    check,
    found
      .map(
        ({ sight, ports }) => `${ports.length} refuse on ${sight.address}: ${describePorts(ports)}`,
      )
      .join("; "),
    ms,
    found.map(({ sight, ports }) => `+ tcp ${describePorts(ports)} refused on ${sight.address}`),
  );
}

function judgeReachable(
  sights: readonly AddressSight[],
  { openings, controllerAddress }: PortsSeen,
): CheckResult {
  const check = CHECKS["ports-declared-reachable"];
  if (sights.length === 0) return skipped(check, "no address could be scanned");
  const ms = Math.max(...sights.map((sight) => sight.ms));
  const declared = (sight: AddressSight, state?: string) =>
    [...sight.states]
      .filter(
        ([port, found]) =>
          (state === undefined || found === state) &&
          opensToUs(openings, port, controllerAddress) === "yes",
      )
      .map(([port]) => port);
  const asked = sights.flatMap((sight) => declared(sight));
  if (asked.length === 0) return skipped(check, "no opening besides ssh lets this computer in");
  const filtered = sights.flatMap((sight) =>
    declared(sight, "filtered").map((port) => `- tcp ${port} reachable on ${sight.address}`),
  );
  return filtered.length > 0
    ? failed(check, `${filtered.length} declared ports give no answer`, ms, filtered)
    : passed(check, `${describePorts([...new Set(asked)])}: packets come through`, ms);
}
