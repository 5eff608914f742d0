import { accessResources, NOTHING_ARMED_ID } from "../baseline/access-resources.ts";
import { FORMER_USERS_ID } from "../baseline/account-resources.ts";
import type { BaselineContext } from "../baseline/context.ts";
import { groundResources } from "../baseline/ground-resources.ts";
import { prepareResources } from "../baseline/prepare-resources.ts";
import type { ResourceReport } from "../program/report.ts";
import type { Resource } from "../program/resource.ts";
import { resourceId } from "../program/resource-id.ts";
import type { CheckDefinition, CheckResult } from "./check.ts";
import { CHECKS, type CheckId } from "./checks.ts";
import { failed, passed, skipped } from "./check-result.ts";
import { invertDiff } from "./invert-diff.ts";
import {
  accountFilesPermissions,
  noEmptyPassword,
  noOtherSudoRules,
  rootOnlyUid0,
  undeclaredLogin,
  usersPasswordLocked,
} from "./live-account-checks.ts";
import { type LiveCheck, type ProofClock, toResource } from "./live-check.ts";
import {
  rootKeysAbsent,
  sshdListens,
  sshdMatchBlocks,
  sshdSettings,
  sshFilePermissions,
  undeclaredKeyFiles,
} from "./live-ssh-checks.ts";
import {
  accessChangeSettled,
  clockRight,
  foreignFirewallTables,
  listenersDeclared,
  noFailedUnit,
  rebootNotPending,
  securityUpgrades,
} from "./live-system-checks.ts";

/** The parts of the baseline, as the survey of a host names them too. */
export type BaselinePart = "prepare" | "ground" | "access";

/** One resource that stands for a check, or for a part of it: several may stand for the same one. */
export interface InsideCheck {
  readonly check: CheckDefinition;
  /** Compiled in check mode; its id begins with the part ("access: user ada") or with "proof ". */
  readonly resource: Resource;
  /** The baseline's own resource, a live question of the proof, or the configurator's own claim. */
  readonly part: BaselinePart | "proof" | "configurator";
}

/**
 * What the proof asks on the host: the baseline itself in check mode, from the same data as it was applied
 * from, and live questions about what nobody declared.
 *
 * A program that has the baseline's resources already, under ids that begin with their part ("prepare: ",
 * "ground: ", "access: "), compiles those of part "proof" only and hands all reports to `judgeInside`.
 */
export function insideResources(
  context: BaselineContext,
  clock: ProofClock = { nowSeconds: Math.floor(Date.now() / 1000) },
): readonly InsideCheck[] {
  return [...baselineChecks(context), ...liveChecks(context, clock)];
}

function baselineChecks(context: BaselineContext): readonly InsideCheck[] {
  const { distro, facts, server } = context;
  const idsOf = (resources: readonly Resource[]): ReadonlySet<string> =>
    new Set(resources.map((resource) => resourceId(resource)));
  const special: readonly (readonly [ReadonlySet<string>, CheckId])[] = [
    [idsOf(distro.baseline.timeSynchronisation(facts)), "time-synchronisation"],
    [
      idsOf(distro.baseline.automaticUpgrades(server.upgrades.automatic, facts)),
      "automatic-upgrades",
    ],
    [idsOf(distro.baseline.unwantedServices(facts)), "services-as-declared"],
    [idsOf(distro.baseline.packageLists?.(facts) ?? []), "security-upgrades"],
  ];
  const parts: readonly (readonly [BaselinePart, readonly Resource[]])[] = [
    ["prepare", prepareResources(context)],
    ["ground", groundResources(context)],
    ["access", accessResources(context, "final")],
  ];
  return parts.flatMap(([part, resources]) =>
    resources.flatMap((resource): readonly InsideCheck[] => {
      const id = resourceId(resource);
      const checkId = special.find(([ids]) => ids.has(id))?.[1] ?? checkOfResource(resource);
      return checkId === undefined
        ? []
        : [{ check: CHECKS[checkId], resource: { ...resource, id: `${part}: ${id}` }, part }];
    }),
  );
}

/** Which claim a resource of the baseline belongs to; undefined where a live question asks more exactly. */
function checkOfResource(resource: Resource): CheckId | undefined {
  switch (resource.type) {
    case "user":
    case "group":
      return "users-declared";
    case "authorized-keys":
      return resource.user === "root" && resource.keys.length === 0
        ? "root-keys-absent"
        : "users-keys";
    case "sudo-rule":
      return "sudo-declared";
    case "ssh-server":
      return "sshd-settings";
    case "firewall":
      return "firewall-rules";
    case "sysctl":
      return "kernel-settings";
    case "hostname":
    case "hosts-entries":
      return "hostname-declared";
    case "service":
      return "services-as-declared";
    case "upgrade":
      return undefined;
    case "command":
      if (resource.id === NOTHING_ARMED_ID) return "access-change-settled";
      if (resource.id === FORMER_USERS_ID) return "users-declared";
      return resource.id === "file permissions" ? undefined : "baseline-as-declared";
    case "package":
    case "repository":
    case "file":
    case "block":
    case "directory":
    case "symlink":
    case "locale":
    case "timezone":
      return "baseline-as-declared";
  }
}

function liveChecks(context: BaselineContext, clock: ProofClock): readonly InsideCheck[] {
  const declaredSudo = accessResources(context, "final").flatMap((resource) =>
    resource.type === "sudo-rule" && resource.state !== "absent" ? [resource.name] : [],
  );
  const all: readonly LiveCheck[] = [
    sshdSettings(context),
    sshdMatchBlocks(context),
    sshdListens(context),
    sshFilePermissions(context),
    undeclaredKeyFiles(context),
    rootKeysAbsent(),
    foreignFirewallTables(context),
    usersPasswordLocked(context),
    noEmptyPassword(),
    rootOnlyUid0(),
    undeclaredLogin(context),
    accountFilesPermissions(),
    noOtherSudoRules(context, declaredSudo),
    listenersDeclared(context),
    securityUpgrades(context),
    clockRight(context, clock),
    noFailedUnit(context),
    rebootNotPending(context),
    accessChangeSettled(),
  ];
  return all.map((live) => ({
    check: CHECKS[live.check],
    resource: toResource(live),
    part: "proof",
  }));
}

/** What the program says when a resource was not looked at because an earlier one failed. */
const AFTER_A_FAILURE = "after a failure";

interface Answer {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly lines: readonly string[];
  readonly ms: number;
}

/**
 * One result for each check, from the reports of a program in check mode, in the order of the table.
 * A resource that has no report was not looked at, which is a failure: nothing is proved by silence.
 */
export function judgeInside(
  inside: readonly InsideCheck[],
  reports: readonly ResourceReport[],
): readonly CheckResult[] {
  const answers = new Map<string, { readonly check: CheckDefinition; readonly all: Answer[] }>();
  for (const { check, resource } of inside) {
    const entry = answers.get(check.id) ?? { check, all: [] };
    entry.all.push(answerOf(resourceId(resource), reports));
    answers.set(check.id, entry);
  }
  // In the order of the table; a configurator's own checks come after it.
  const order = new Set([...Object.keys(CHECKS), ...answers.keys()]);
  return [...order].flatMap((id) => {
    const entry = answers.get(id);
    return entry === undefined ? [] : [judgeCheck(entry.check, entry.all)];
  });
}

/** A resource of the distro's expansion has an id that begins with its parent's. */
function answerOf(id: string, reports: readonly ResourceReport[]): Answer {
  const own = reports.filter((report) => report.id === id || report.id.startsWith(`${id} `));
  const name = id.replace(/^(prepare: |ground: |access: |proof |configurator: )/u, "");
  const ms = own.reduce((sum, report) => sum + report.ms, 0);
  if (own.length === 0) return { name, status: "failed", lines: ["not looked at"], ms };
  const bad = own.filter(
    ({ status, reason }) =>
      status === "differs" ||
      status === "failed" ||
      status === "changed" ||
      (status === "skipped" && reason === AFTER_A_FAILURE),
  );
  if (bad.length > 0) {
    return { name, status: "failed", lines: bad.flatMap((report) => linesOf(report)), ms };
  }
  const reasons = own.flatMap(({ status, reason }) => (status === "skipped" ? [reason ?? ""] : []));
  return reasons.length === own.length
    ? { name, status: "skipped", lines: [...new Set(reasons)], ms }
    : { name, status: "passed", lines: [], ms };
}

function linesOf(report: ResourceReport): readonly string[] {
  const lines = [...invertDiff(report.diff ?? []), ...(report.output ?? [])];
  if (lines.length > 0) return lines;
  return [`- ${report.id.replace(/^\w+: /u, "")}: ${report.reason ?? "not as declared"}`];
}

function judgeCheck(check: CheckDefinition, answers: readonly Answer[]): CheckResult {
  const ms = answers.reduce((sum, answer) => sum + answer.ms, 0);
  const bad = answers.filter(({ status }) => status === "failed");
  if (bad.length > 0) {
    const lines = bad.flatMap((answer) => answer.lines);
    const names = bad.map(({ name }) => name).filter((name) => name !== check.id);
    return failed(check, describe(lines, names), ms, lines);
  }
  const reasons = answers.flatMap(({ status, lines }) => (status === "skipped" ? lines : []));
  if (answers.every(({ status }) => status === "skipped")) {
    return skipped(check, [...new Set(reasons)].join("; "), ms);
  }
  const seen = answers.filter(({ status }) => status === "passed").length;
  return passed(check, seen === 1 ? "as wanted" : `${seen} things are as wanted`, ms);
}

function describe(lines: readonly string[], names: readonly string[]): string {
  const found = lines.filter((line) => /^\+(?!\+\+)/u.test(line)).length;
  const missing = lines.filter((line) => /^-(?!--)/u.test(line)).length;
  const counts = [
    ...(found === 0 ? [] : [`${found} found that should not be`]),
    ...(missing === 0 ? [] : [`${missing} wanted and not there`]),
  ].join(", ");
  const what = names.length === 0 ? "" : names.join(", ");
  if (what === "") return counts === "" ? (lines[0] ?? "not as wanted") : counts;
  return counts === "" ? `${what}: ${lines[0] ?? "not as wanted"}` : `${what}: ${counts}`;
}
