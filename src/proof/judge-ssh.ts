import type { AuthProbe } from "../transport/probe-auth.ts";
import type { CheckResult } from "./check.ts";
import { failed, passed, skipped } from "./check-result.ts";
import { CHECKS } from "./checks.ts";
import type { Handshake } from "./ssh-handshake.ts";
import { findWeakAlgorithms } from "./weak-algorithms.ts";

const NO_DIRECT_WAY = "the host is reached through a jump host only";
const TURNED_AWAY =
  "the host turns this address away for some seconds, because of earlier refused log-ins";

/** More weak algorithms than this stand in the diff only. */
const MOST_NAMED = 3;

function handshakeMessage(handshake: Exclude<Handshake, { kind: "ssh" }>): string {
  return handshake.kind === "turned-away" ? TURNED_AWAY : handshake.message;
}

function probeMessage(probe: AuthProbe): string {
  return probe.outcome === "turned-away" ? TURNED_AWAY : probe.message;
}

export function judgeSshAnswers(
  handshake: Handshake | undefined,
  operator: AuthProbe,
  port: number,
  ms: number,
): CheckResult {
  const check = CHECKS["ssh-answers"];
  if (handshake === undefined) {
    return operator.outcome === "unreachable"
      ? failed(check, `port ${port}: ${operator.message}`, operator.ms)
      : passed(check, `answers on port ${port}, through the jump host`, operator.ms);
  }
  if (handshake.kind !== "ssh") {
    return failed(check, `port ${port}: ${handshakeMessage(handshake)}`, ms);
  }
  if (!handshake.banner.startsWith("SSH-2.0-")) {
    return failed(check, `port ${port} speaks an old protocol: ${handshake.banner}`, ms);
  }
  return passed(check, `port ${port}: ${handshake.banner}`, ms);
}

export function judgeHostKey(operator: AuthProbe): CheckResult {
  const check = CHECKS["ssh-host-key-pinned"];
  const shown = operator.hostKey ?? "no key";
  switch (operator.outcome) {
    case "host-key-mismatch":
      return failed(check, `the host showed ${shown}, which is not the pinned key`, operator.ms);
    case "granted":
    case "denied":
      return passed(check, shown, operator.ms);
    case "turned-away":
    case "unreachable":
      return skipped(check, probeMessage(operator));
  }
}

export function judgeHandshake(handshake: Handshake | undefined, ms: number): CheckResult {
  const check = CHECKS["ssh-algorithms-strong"];
  if (handshake === undefined) return skipped(check, NO_DIRECT_WAY);
  if (handshake.kind !== "ssh") return skipped(check, handshakeMessage(handshake));
  const { kex, ciphers, macs, hostKeys } = handshake.offer;
  const weak = findWeakAlgorithms(handshake.offer);
  if (weak.length > 0) {
    return failed(
      check,
      `weak: ${weak.slice(0, MOST_NAMED).join(", ")}${weak.length > MOST_NAMED ? ` and ${weak.length - MOST_NAMED} more` : ""}`,
      ms,
      weak.map((name) => `+ ${name}`),
    );
  }
  return passed(
    check,
    `${kex.length} key exchanges, ${hostKeys.length} host key types, ${ciphers.length} ciphers, ${macs.length} macs; none weak`,
    ms,
  );
}

/** What the server offers to the operator and to root: methods can differ by user. */
export function judgeMethods(
  operator: AuthProbe,
  root: AuthProbe | undefined,
): readonly CheckResult[] {
  const probes = [operator, ...(root === undefined ? [] : [root])].filter(
    ({ methods }) => methods.length > 0,
  );
  const offered = [...new Set(probes.flatMap(({ methods }) => methods))];
  const ms = Math.max(0, ...probes.map((probe) => probe.ms));
  const judge = (check: (typeof CHECKS)[keyof typeof CHECKS], refused: readonly string[]) => {
    if (offered.length === 0)
      return skipped(check, probeMessage(operator) || "no methods were shown");
    const found = offered.filter((method) => refused.includes(method));
    return found.length > 0
      ? failed(
          check,
          `the server offers ${offered.join(", ")}`,
          ms,
          found.map((method) => `+ ${method}`),
        )
      : passed(check, `the server offers ${offered.join(", ")} only`, ms);
  };
  return [
    judge(CHECKS["ssh-password-refused"], ["password", "none"]),
    judge(CHECKS["ssh-keyboard-interactive-refused"], ["keyboard-interactive"]),
  ];
}

export function judgeRoot(root: AuthProbe | undefined): CheckResult {
  const check = CHECKS["ssh-root-refused"];
  if (root === undefined) return skipped(check, "the host showed another key");
  switch (root.outcome) {
    case "granted":
      return failed(check, "root was let in with the operator's key", root.ms, ["+ root logs in"]);
    case "denied":
      return passed(check, root.message, root.ms);
    case "host-key-mismatch":
      return skipped(check, "the host showed another key");
    case "turned-away":
    case "unreachable":
      return failed(check, `it could not be seen: ${probeMessage(root)}`, root.ms);
  }
}

export interface OperatorAnswer {
  readonly user: string | undefined;
  /** Where the host sees the controller come from. */
  readonly controllerAddress: string | undefined;
  /** "0" where sudo worked; else sudo's own words. */
  readonly root: string | undefined;
}

/** What the operator's command said on the host. */
export function readOperatorAnswer({ stdout }: Pick<AuthProbe, "stdout">): OperatorAnswer {
  const line = (key: string): string | undefined => {
    const prefix = `${key} `;
    const found = stdout.split("\n").find((text) => text.startsWith(prefix));
    return found?.slice(prefix.length).trim();
  };
  const address = line("connection")?.split(" ")[0];
  return {
    user: line("user"),
    controllerAddress: address === "" ? undefined : address?.replace(/^::ffff:/u, ""),
    root: line("root"),
  };
}

export function judgeOperator(operator: AuthProbe, name: string): readonly CheckResult[] {
  const login = CHECKS["operator-login"];
  const sudo = CHECKS["operator-sudo"];
  if (operator.outcome !== "granted") {
    const why = probeMessage(operator) || operator.outcome;
    return [
      failed(login, `${name} was not let in: ${why}`, operator.ms),
      skipped(sudo, `${name} was not let in`),
    ];
  }
  const answer = readOperatorAnswer(operator);
  if (answer.user !== name) {
    const found = answer.user ?? `no answer (${operator.message})`;
    return [
      failed(login, `a shell as ${name} was wanted`, operator.ms, [`- ${name}`, `+ ${found}`]),
      skipped(sudo, "the operator's shell gave no answer"),
    ];
  }
  return [
    passed(
      login,
      `${name} logged in with a key, seen from ${answer.controllerAddress ?? "here"}`,
      operator.ms,
    ),
    answer.root === "0"
      ? passed(sudo, `sudo -n makes ${name} root`, operator.ms)
      : failed(sudo, `sudo -n does not work: ${answer.root ?? "no answer"}`, operator.ms),
  ];
}
