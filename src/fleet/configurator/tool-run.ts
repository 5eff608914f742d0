import { randomUUID } from "node:crypto";

import type { ToolOutput, ToolRun } from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import { HOST_STATE } from "../../host/run-texts.ts";
import type { CommandResource } from "../../program/resource.ts";
import { applyResources } from "../apply-resources.ts";
import type { ServerRun } from "../server-run.ts";
import { runOnController } from "./controller-run.ts";

/** Result, exit status and token of the tool's last run, root's alone. */
const FOLDER = `${HOST_STATE}/tool`;
const RESULT_LIMIT = 16 * 1024 * 1024;
const LAST_LINES = 200;
const READ_TIMEOUT_MS = 120_000;

/**
 * Runs the tool where it is to be run, follows what it prints, and brings its result back.
 *
 * On a host it runs as a program of ours: detached, under the host's lock, and taken up again after the link broke.
 *
 * @throws RemoteError RESOURCE_FAILED when it did not end within the phase's limit; as `applyResources`
 */
export async function runTool(
  asker: ServerRun,
  place: ServerRun,
  tool: ToolRun,
): Promise<ToolOutput> {
  const output: string[] = [];
  const onOutput = (line: string): void => {
    output.push(line);
    if (output.length > LAST_LINES) output.shift();
    asker.emit({
      type: "output",
      server: asker.server.name,
      phase: asker.phase,
      id: tool.title,
      line,
      tool: asker.context.stack.configurator.name,
    });
  };
  if (tool.on === "controller") {
    const { result, exitStatus } = await runOnController(tool, {
      onOutput,
      limitBytes: RESULT_LIMIT,
      timeoutMs: asker.server.ssh.phaseTimeoutMs,
      signal: asker.context.hardSignal,
    });
    return { result, exitStatus, output };
  }
  const token = randomUUID();
  await applyResources(asker, [asCommand(tool, token, place.server.ssh.phaseTimeoutMs)], {
    title: tool.title,
    mode: "apply",
    place,
    onMessage: (message) => {
      if (message.kind === "output") onOutput(message.line);
    },
  });
  return { ...(await readResult(place, tool)), output };
}

/** The command counts as done when the script has ended, well or badly: what that means is the parser's to say. */
function asCommand(tool: ToolRun, token: string, timeoutMs: number): CommandResource {
  return {
    type: "command",
    id: tool.title,
    check: `[ "$(cat ${FOLDER}/token 2>/dev/null)" = ${token} ]`,
    run: `umask 077
mkdir -p ${FOLDER} && chmod 700 ${FOLDER} || exit 1
rm -f ${FOLDER}/token ${FOLDER}/status ${FOLDER}/result
: >${FOLDER}/result || exit 1
umask 022
BM_RESULT=${FOLDER}/result
export BM_RESULT
(
${tool.script}
)
echo "$?" >${FOLDER}/status
echo ${token} >${FOLDER}/token`,
    timeoutSeconds: Math.max(1, Math.round(timeoutMs / 1000)),
  };
}

async function readResult(
  place: ServerRun,
  tool: ToolRun,
): Promise<Pick<ToolOutput, "result" | "exitStatus">> {
  const options = { timeoutMs: READ_TIMEOUT_MS, signal: place.context.hardSignal };
  const { status, stdout } = await place
    .connectedHost()
    .run(`wc -c <${FOLDER}/result && cat ${FOLDER}/status`, options);
  const [bytes = "", exitStatus = ""] = stdout.trim().split(/\s+/u);
  if (status !== 0 || !/^\d+$/u.test(exitStatus)) {
    throw new RemoteError("TOOL_FAILED", `${tool.title} left no result on ${place.server.name}.`);
  }
  if (Number(bytes) > RESULT_LIMIT) {
    throw new RemoteError(
      "TOOL_FAILED",
      `The result of ${tool.title} on ${place.server.name} is larger than ${RESULT_LIMIT / 1024 / 1024} MiB.`,
    );
  }
  const result =
    Number(bytes) === 0
      ? ""
      : (await place.connectedHost().run(`cat ${FOLDER}/result`, options)).stdout;
  return { result, exitStatus: Number(exitStatus) };
}
