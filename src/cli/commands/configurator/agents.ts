import { agentRows, renderAgents } from "../../../report/agents-text.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import type { ConfigFlags } from "../../flags.ts";
import { openFleet } from "../../open-fleet.ts";
import { columnsOf, styleFor } from "../../output-style.ts";
import { printJson, printAdvice } from "../../print.ts";
import { warnOnly } from "../../warn-only.ts";

/** Exit status 1 where a strange agent knocks or a member is not enrolled: it can be asked by a monitor. */
export async function agents(context: CliContext, flags: ConfigFlags): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const { stack } = fleet;
  const rows = agentRows(
    await fleet.agents(),
    stack.servers.map(({ name }) => name),
  );
  if (flags.json) {
    printJson(context, {
      stack: stack.name,
      configurator: stack.configurator.name,
      master: stack.master,
      agents: rows,
    });
  } else {
    printAdvice(
      context,
      renderAgents(rows, {
        stack: stack.name,
        configurator: stack.configurator.name,
        master: stack.master ?? "",
        revokesKeys: stack.configurator.revokeKey !== undefined,
        columns: columnsOf(context.stdout),
        style: styleFor(context.stdout, context.env, flags.color),
      }),
    );
  }
  return rows.every(({ isMember, state }) => isMember && state === "accepted") ? 0 : 1;
}
