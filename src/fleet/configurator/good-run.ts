import { createHash } from "node:crypto";

import type {
  Configurator,
  ConfiguratorCheck,
  ConfiguratorContext,
} from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import type { HostFacts } from "../../host/facts.ts";
import { HOST_STATE } from "../../host/run-texts.ts";
import { quote } from "../../program/quote.ts";
import type { CommandResource } from "../../program/resource.ts";
import { configuratorChecks } from "../../proof/configurator-checks.ts";
import type { InsideCheck } from "../../proof/inside-checks.ts";
import type { RunResult } from "../../transport/contract.ts";
import type { ServerRun } from "../server-run.ts";
import { noRebootIsLeft } from "./reboot-wish.ts";

/** On each member: the hash of what its last good run of the tool was given. */
const MARK = `${HOST_STATE}/configured`;
/** Stands in the mark while the tool runs, and where it failed or was cut off. */
const UNFINISHED = "unfinished";
/** Stands before the last good run's hashes where the server was enrolled anew since. */
const NEWLY_ENROLLED = "newly-enrolled";
const MARK_TIMEOUT_MS = 30_000;

/** Under this id a survey reports whether the last run was good and of the present content. */
export const GOOD_RUN_ID = "configurator: last good run";

/**
 * Two hashes, with a blank between them, of all that the tool is given for one member: of the data, the settings and the
 * run itself; and of the trees. A run is due where the member's last good one was given something else.
 */
export async function hashContent(run: ServerRun, context: ConfiguratorContext): Promise<string> {
  const { configurator } = run.context.stack;
  const member = withoutController(context);
  const wanted = configurator.trees(member);
  const trees = await Promise.all(
    wanted.map(async (tree) => ({
      remote: tree.remote,
      owner: tree.owner,
      group: tree.group,
      hash: (await run.context.shared.readTree(tree)).hash,
    })),
  );
  const steps = configurator
    .configure(member)
    .map((step) => ({ on: step.on, resources: step.resources({}) }));
  const tool = configurator.run([member]);
  const taken = wanted.flatMap((tree) => tree.taken ?? []);
  const settings = [configurator.name, steps, taken, member.member.data, tool?.script, tool?.files];
  return `${sha256(settings)} ${sha256(trees)}`;
}

/** Where the config lies on whose computer is nothing that a server is given: two operators are not to run it again for each other. */
export function withoutController(context: ConfiguratorContext): ConfiguratorContext {
  return { ...context, controller: { directory: "/", sshConfigFile: "/ssh_config" } };
}

function sha256(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** Holds where the last run was good and of this content, and the host has had the reboot that it asked for. */
export function goodRunResource(hash: string, facts: HostFacts): CommandResource {
  return {
    type: "command",
    id: GOOD_RUN_ID,
    check: `${isMarked(hash)} && ${noRebootIsLeft(facts)}`,
  };
}

/** What `goodRunResource` has found when the server was surveyed. */
export function wasSeenGood(run: ServerRun): boolean {
  return run.survey?.reports.find(({ id }) => id === GOOD_RUN_ID)?.status === "ok";
}

function isMarked(hash: string): string {
  return `[ "$(cat ${MARK} 2>/dev/null)" = ${quote(hash)} ]`;
}

/**
 * The claims about the tool on a member: its own, and, where it runs, that the last run which bootmachine asked for ended well.
 * One that failed, or was cut off, leaves the server half as declared while every daemon runs.
 */
export function toolClaims(
  configurator: Configurator,
  context: ConfiguratorContext,
): readonly InsideCheck[] {
  return configuratorChecks(
    configurator,
    context,
    configurator.run([context]) === undefined ? [] : [RUN_ENDED_WELL],
  );
}

const RUN_ENDED_WELL: ConfiguratorCheck = {
  id: "run-ended-well",
  title: "the last run that bootmachine asked for ended well",
  resource: {
    type: "command",
    id: "run ended well",
    check: `mark=$(cat ${MARK} 2>/dev/null)
case $mark in
'') echo "bootmachine has not run it here to a good end yet" ;;
${UNFINISHED}) echo "the last run failed, was cut off, or is under way" ;;
"${NEWLY_ENROLLED} "*) echo "it was enrolled anew, and has not run since" ;;
*) exit 0 ;;
esac
exit 1`,
    showCheckOutput: true,
  },
};

/** Why the tool is to be run on the server now; undefined: nothing calls for it. */
export async function whyDue(run: ServerRun, hash: string): Promise<string | undefined> {
  if (run.context.forceConfigure) return "asked for";
  if (run.isFresh) return "never configured";
  // Enrolling may have changed something because the data has: then that is the reason.
  return (
    (await whyOtherThanMark(run, hash)) ?? (run.isNewlyEnrolled ? "newly enrolled" : undefined)
  );
}

async function whyOtherThanMark(run: ServerRun, hash: string): Promise<string | undefined> {
  if (wasSeenGood(run)) return undefined;
  const { stdout } = await run.connectedHost().run(`cat ${MARK} 2>/dev/null`, {
    timeoutMs: MARK_TIMEOUT_MS,
    signal: run.context.hardSignal,
  });
  return compareMark(stdout.trim(), hash);
}

/** What the mark on the host means for a run that would be given `hash`; undefined: the same as the last good one. */
export function compareMark(mark: string, hash: string): string | undefined {
  if (mark === hash) return undefined;
  if (mark === "") return "never configured";
  if (mark === UNFINISHED) return "the last run did not end well";
  if (mark.startsWith(`${NEWLY_ENROLLED} `)) {
    return compareMark(mark.slice(NEWLY_ENROLLED.length + 1), hash) ?? "newly enrolled";
  }
  const [settings, trees] = hash.split(" ");
  const [oldSettings, oldTrees] = mark.split(" ");
  if (settings === oldSettings) return "the tree has changed since the last good run";
  return trees === oldTrees
    ? "its data has changed since the last good run"
    : "the tree and its data have changed since the last good run";
}

/**
 * Before the tool runs: until it has succeeded, the next `up` runs it again.
 *
 * @throws RemoteError COMMAND_FAILED where that cannot be written: the old mark would say that all is well
 */
export async function forgetGoodRun(run: ServerRun): Promise<void> {
  await requireMark(run, markText(quote(UNFINISHED)));
}

/**
 * Before enrolling changes anything: whatever ends this run from here on, the next `up` runs the tool. Where none has run
 * to a good end, there is nothing to be noted.
 *
 * @throws RemoteError COMMAND_FAILED where it cannot be written
 */
export async function noteEnrolment(run: ServerRun): Promise<void> {
  await requireMark(
    run,
    `mark=$(cat ${MARK} 2>/dev/null)
case $mark in '' | ${UNFINISHED} | "${NEWLY_ENROLLED} "*) exit 0 ;; esac
${markText(`"${NEWLY_ENROLLED} $mark"`)}`,
  );
}

/** A good run that cannot be remembered costs another run of the tool, no more. */
export async function rememberGoodRun(run: ServerRun, hash: string): Promise<void> {
  await writeMark(run, markText(quote(hash)));
}

async function requireMark(run: ServerRun, script: string): Promise<void> {
  const { status, stderr } = await writeMark(run, script);
  if (status === 0) return;
  throw new RemoteError(
    "COMMAND_FAILED",
    `${MARK} on ${run.server.name} cannot be written, which is to say that the tool's run is not finished.`,
    {
      exitStatus: status,
      output: stderr.trim().split("\n"),
      hint: "Look whether the disk is full or read-only there (`df /var/lib`, `mount`), and run the command again. The tool was not run.",
    },
  );
}

function writeMark(run: ServerRun, script: string): Promise<RunResult> {
  return run.connectedHost().run(script, {
    timeoutMs: MARK_TIMEOUT_MS,
    signal: run.context.hardSignal,
  });
}

/** Shell text; `word` is a word of it. */
function markText(word: string): string {
  return `umask 077 && mkdir -p ${HOST_STATE} && printf '%s\\n' ${word} >${MARK}.new && mv ${MARK}.new ${MARK}`;
}
