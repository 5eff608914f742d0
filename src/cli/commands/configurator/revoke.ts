import { RefusedError, UserError } from "../../../errors/error.ts";
import { requireAgentName } from "../../../fleet/configurator/agent-name.ts";
import type { Fleet, RevokedAgent, RunOutcome } from "../../../fleet/fleet-contract.ts";
import type { Stack } from "../../../stack/stack.ts";
import { canAsk, confirm } from "../../ask.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import type { ConfigFlags } from "../../flags.ts";
import { makeReporter } from "../../make-reporter.ts";
import { openFleet } from "../../open-fleet.ts";
import { styleFor } from "../../output-style.ts";
import { exitCodeOf } from "../../run-phases.ts";

/** As the tools show them: hexadecimal digits in pairs. What is one of a tool's is the tool's to say. */
const FINGERPRINT = /^[0-9A-Fa-f:]{16,200}$/u;

export interface RevokeFlags extends ConfigFlags {
  readonly yes: boolean;
  readonly fingerprint?: string;
}

export async function revoke(
  context: CliContext,
  flags: RevokeFlags,
  name?: string,
): Promise<ExitCode> {
  const agent = agentOf(name, flags.fingerprint);
  const shown = typeof agent === "string" ? agent : agent.fingerprint;
  const reporter = makeReporter(context, flags);
  let result: Awaited<ReturnType<Fleet["revoke"]>>;
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const { stack } = fleet;
    if (!flags.yes) {
      const question = questionOf(stack, agent);
      if (!canAsk(context)) {
        throw new RefusedError(
          "NOT_CONFIRMED",
          "Nobody can be asked here, so nothing was revoked.",
          {
            hint: `\`bootmachine configurator revoke ${typeof agent === "string" ? agent : `--fingerprint ${agent.fingerprint}`} --yes\` revokes without asking.`,
          },
        );
      }
      reporter.close();
      await confirm(context, question, "Nothing was revoked.");
    }
    result = await fleet.revoke(agent);
  } finally {
    reporter.close();
  }
  const { existed, outcome } = result;
  if (flags.json) {
    // Of one that failed the events have said all there is.
    if (outcome === "ok")
      context.stdout.write(
        `${JSON.stringify({ type: "revoked", ...(typeof agent === "string" ? { name: agent } : agent), existed })}\n`,
      );
  } else {
    const style = styleFor(context.stdout, context.env, flags.color);
    context.stdout.write(`${style(shown, "name")}: ${resultText(outcome, existed)}.\n`);
  }
  return exitCodeOf(result);
}

function resultText(outcome: RunOutcome["outcome"], existed: boolean): string {
  if (outcome !== "ok") return "not revoked, or not to the end: the master may still trust it";
  return existed ? "revoked" : "the master did not know it";
}

/** @throws UserError USAGE where neither or both are given, or the name can be no agent's */
function agentOf(name: string | undefined, fingerprint: string | undefined): RevokedAgent {
  if ((name === undefined) === (fingerprint === undefined)) {
    throw new UserError(
      "USAGE",
      "An agent is revoked by its NAME, or by its key's --fingerprint: one of the two.",
      { hint: "`bootmachine configurator agents` lists both." },
    );
  }
  if (fingerprint !== undefined) {
    if (FINGERPRINT.test(fingerprint)) return { fingerprint };
    throw new UserError("USAGE", `${JSON.stringify(fingerprint)} is no fingerprint of a key.`, {
      hint: "`bootmachine configurator agents` shows them.",
    });
  }
  requireAgentName(name ?? "");
  return name ?? "";
}

function questionOf(stack: Stack, agent: RevokedAgent): string {
  if (typeof agent === "object") {
    return `Take the key ${agent.fingerprint} off the master's lists? One that is accepted as a server's of the stack stays.`;
  }
  return stack.servers.some(({ name }) => name === agent)
    ? `Take the trust in ${agent} away at the master? The next \`bootmachine up\` enrols it again, while it is in the config.`
    : `Remove the agent ${agent}, which is no server of the stack, from the master?`;
}
