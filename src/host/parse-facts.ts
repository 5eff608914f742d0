import { RemoteError } from "../errors/error.ts";
import type { HostFacts } from "./facts.ts";

/**
 * Reads the answer of the facts program.
 *
 * @throws RemoteError COMMAND_FAILED where the answer is cut short or lacks what every host has
 */
export function parseFacts(answer: string, from: { server: string; loginUser: string }): HostFacts {
  const lines = answer.split("\n");
  const start = lines.indexOf("bm-facts 1");
  const end = lines.indexOf("bm-facts-end");
  if (start === -1 || end === -1) {
    throw unreadable(from.server, "its answer is cut short", lines);
  }
  const answers = lines.slice(start + 1, end).map((line) => {
    const space = line.indexOf(" ");
    return space === -1
      ? ([line, ""] as const)
      : ([line.slice(0, space), line.slice(space + 1).trim()] as const);
  });
  const all = (key: string): readonly string[] =>
    answers.filter(([name]) => name === key).map(([, value]) => value);
  const one = (key: string): string => all(key)[0] ?? "";
  const count = (key: string): number => {
    const value = Number.parseFloat(one(key));
    if (!Number.isFinite(value)) {
      throw unreadable(from.server, `it gives no number for "${key}"`, lines);
    }
    return value;
  };

  const [kernelName, hostname, kernelRelease, architecture] = one("uname").split(" ");
  if (
    kernelName === undefined ||
    hostname === undefined ||
    kernelRelease === undefined ||
    architecture === undefined
  ) {
    throw unreadable(from.server, "uname gives no answer", lines);
  }
  const release = parseOsRelease(all("os"));
  const osId = (release.get("ID") ?? kernelName).toLowerCase();
  return {
    osId,
    osIdLike: (release.get("ID_LIKE") ?? "").toLowerCase().split(/\s+/).filter(Boolean),
    osVersion: release.get("VERSION_ID") ?? "",
    osCodename: release.get("VERSION_CODENAME") ?? "",
    osPrettyName: release.get("PRETTY_NAME") ?? release.get("NAME") ?? osId,
    kernelName,
    kernelRelease,
    architecture,
    hostname,
    init: initOf(one("init")),
    isContainer: one("container") === "yes",
    loginUser: from.loginUser,
    bootId: one("boot-id"),
    initStartTicks: one("init-start"),
    uptimeSeconds: count("uptime"),
    memoryMb: memoryOf(count("memory-kb"), all("memory-limit")),
    cpus: count("cpus"),
    addresses: addressesOf(all("ip"), all("ifconfig"), one("addresses")),
    activeFirewalls: (["firewalld", "ufw"] as const).filter((name) =>
      all("firewall").includes(name),
    ),
    isSshSocketActive: one("ssh-socket") === "yes",
    selinux:
      all("selinux").length === 0
        ? "disabled"
        : one("selinux") === "1"
          ? "enforcing"
          : "permissive",
    hasCloudInit: one("cloud-init") === "yes",
    ...(one("first-boot") === "" ? {} : { firstBootNonce: one("first-boot") }),
    opensshVersion: /OpenSSH_[^\s,]+/.exec(one("sshd"))?.[0] ?? "",
  };
}

/** os-release(5): shell assignments, values bare or in quotes. */
export function parseOsRelease(lines: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match === null) continue;
    const [, key = "", raw = ""] = match;
    const quoted = /^"((?:[^"\\]|\\.)*)"$|^'([^']*)'$/.exec(raw);
    const value =
      quoted === null ? raw : (quoted[2] ?? (quoted[1] ?? "").replaceAll(/\\(["$`\\])/g, "$1"));
    values.set(key, value);
  }
  return values;
}

/** The least of what the computer has and what the control groups allow, MB. "max", or a number beyond all: no limit. */
function memoryOf(memoryKb: number, limits: readonly string[]): number {
  const allowed = limits.filter((limit) => /^[1-9]\d*$/.test(limit)).map(Number);
  return Math.min(
    Math.round(memoryKb / 1024),
    ...allowed.map((bytes) => Math.floor(bytes / 2 ** 20)),
  );
}

function initOf(text: string): HostFacts["init"] {
  return text === "systemd" || text === "openrc" || text === "rc.d" ? text : "other";
}

function addressesOf(
  ip: readonly string[],
  ifconfig: readonly string[],
  plain: string,
): readonly string[] {
  const found = [
    // "2: eth0    inet 203.0.113.7/24 brd … scope global eth0"
    ...ip.flatMap((line) => /\sinet6?\s+([0-9a-fA-F.:]+)/.exec(line)?.[1] ?? []),
    // "inet 203.0.113.7 netmask 0xffffff00 …", "inet6 fe80::1%em0 prefixlen 64 …"
    ...ifconfig.flatMap(
      (line) => /^\s*inet6?\s+(?:addr:\s*)?([0-9a-fA-F.:]+)(?!\S*%)/.exec(line)?.[1] ?? [],
    ),
    ...plain.split(/\s+/),
  ];
  const isGlobal = (address: string): boolean =>
    address !== "" &&
    !address.startsWith("127.") &&
    address !== "::1" &&
    !/^fe[89ab]/i.test(address);
  return [...new Set(found.filter(isGlobal))];
}

function unreadable(server: string, why: string, lines: readonly string[]): RemoteError {
  return new RemoteError("COMMAND_FAILED", `The facts of ${server} cannot be read: ${why}.`, {
    server,
    output: lines.filter((line) => line !== "").slice(-10),
  });
}
