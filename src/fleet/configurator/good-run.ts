import { createHash } from "node:crypto";

import type {
  Configurator,
  ConfiguratorCheck,
  ConfiguratorContext,
} from "../../configurators/contract.ts";
import { HOST_STATE } from "../../host/run-texts.ts";
import { quote } from "../../program/quote.ts";
import type { CommandResource } from "../../program/resource.ts";
import { configuratorChecks } from "../../proof/configurator-checks.ts";
import type { InsideCheck } from "../../proof/inside-checks.ts";
import type { ServerRun } from "../server-run.ts";

/** On each member: the hash of what its last good run of the tool was given. */
const MARK = `${HOST_STATE}/configured`;
/** Stands in the mark while the tool runs, and where it failed or was cut off. */
const UNFINISHED = "unfinished";
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

/** Holds where the last run was good and of this content. */
export function goodRunResource(hash: string): CommandResource {
  return { type: "command", id: GOOD_RUN_ID, check: isMarked(hash) };
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
  const seen = run.survey?.reports.find(({ id }) => id === GOOD_RUN_ID);
  if (seen?.status === "ok") return undefined;
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
  const [settings, trees] = hash.split(" ");
  const [oldSettings, oldTrees] = mark.split(" ");
  if (settings === oldSettings) return "the tree has changed since the last good run";
  return trees === oldTrees
    ? "its data has changed since the last good run"
    : "the tree and its data have changed since the last good run";
}

/** Before the tool runs: until it has succeeded, the next `up` runs it again. */
export async function forgetGoodRun(run: ServerRun): Promise<void> {
  await writeMark(run, UNFINISHED);
}

export async function rememberGoodRun(run: ServerRun, hash: string): Promise<void> {
  await writeMark(run, hash);
}

/** A mark that cannot be written costs another run of the tool, no more. */
async function writeMark(run: ServerRun, mark: string): Promise<void> {
  await run
    .connectedHost()
    .run(
      `umask 077 && mkdir -p ${HOST_STATE} && echo ${quote(mark)} >${MARK}.new && mv ${MARK}.new ${MARK}`,
      { timeoutMs: MARK_TIMEOUT_MS, signal: run.context.hardSignal },
    );
}
