import { createHash } from "node:crypto";

import type { ConfiguratorContext } from "../../configurators/contract.ts";
import { HOST_STATE } from "../../host/run-texts.ts";
import { quote } from "../../program/quote.ts";
import type { CommandResource } from "../../program/resource.ts";
import type { ServerRun } from "../server-run.ts";

/** On each member: the hash of what its last good run of the tool was given. */
const MARK = `${HOST_STATE}/configured`;
const MARK_TIMEOUT_MS = 30_000;

/** Under this id a survey reports whether the last run was good and of the present content. */
export const GOOD_RUN_ID = "configurator: last good run";

/**
 * The hash of all that the tool is given for one member: trees, data, settings and the run itself. A run is due where the
 * member's last good one was given something else.
 */
export async function hashContent(run: ServerRun, member: ConfiguratorContext): Promise<string> {
  const { configurator } = run.context.stack;
  const trees = await Promise.all(
    configurator.trees(member).map(async (tree) => ({
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
  const content = [configurator.name, trees, steps, member.member.data, tool?.script, tool?.files];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** Holds where the last run was good and of this content. */
export function goodRunResource(hash: string): CommandResource {
  return { type: "command", id: GOOD_RUN_ID, check: isMarked(hash) };
}

function isMarked(hash: string): string {
  return `[ "$(cat ${MARK} 2>/dev/null)" = ${quote(hash)} ]`;
}

/** Why the tool is to be run on the server now; undefined: nothing calls for it. */
export async function whyDue(run: ServerRun, hash: string): Promise<string | undefined> {
  if (run.context.forceConfigure) return "asked for";
  if (run.isNewlyEnrolled) return "newly enrolled";
  if (run.isFresh) return "never configured";
  const seen = run.survey?.reports.find(({ id }) => id === GOOD_RUN_ID);
  if (seen?.status === "ok") return undefined;
  const { stdout, status } = await run
    .connectedHost()
    .run(`if ${isMarked(hash)}; then echo same; elif [ -s ${MARK} ]; then echo other; fi`, {
      timeoutMs: MARK_TIMEOUT_MS,
      signal: run.context.hardSignal,
    });
  if (status === 0 && stdout.trim() === "same") return undefined;
  return stdout.trim() === "other"
    ? "something has changed since the last good run"
    : "never configured well";
}

/** Before the tool runs: until it has succeeded, the next `up` runs it again. */
export async function forgetGoodRun(run: ServerRun): Promise<void> {
  await tell(run, `rm -f ${MARK}`);
}

export async function rememberGoodRun(run: ServerRun, hash: string): Promise<void> {
  await tell(
    run,
    `umask 077 && mkdir -p ${HOST_STATE} && echo ${quote(hash)} >${MARK}.new && mv ${MARK}.new ${MARK}`,
  );
}

/** A mark that cannot be written costs another run of the tool, no more. */
async function tell(run: ServerRun, script: string): Promise<void> {
  await run
    .connectedHost()
    .run(script, { timeoutMs: MARK_TIMEOUT_MS, signal: run.context.hardSignal });
}
