import { RefusedError, UserError } from "../../../errors/error.ts";
import { canAsk, confirm } from "../../ask.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import type { ConfigFlags } from "../../flags.ts";
import { makeReporter } from "../../make-reporter.ts";
import { openFleet } from "../../open-fleet.ts";
import { styleFor } from "../../output-style.ts";

export interface RevokeFlags extends ConfigFlags {
  readonly yes: boolean;
}

/** What an agent may be called in every tool: a host name, with underscores. */
const AGENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/u;

export async function revoke(
  context: CliContext,
  flags: RevokeFlags,
  name: string,
): Promise<ExitCode> {
  if (!AGENT_NAME.test(name)) {
    throw new UserError("USAGE", `"${name}" cannot be the name of an agent.`, {
      hint: "`bootmachine configurator agents` lists them.",
    });
  }
  const reporter = makeReporter(context, flags);
  let existed: boolean;
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const { stack } = fleet;
    const isMember = stack.servers.some((server) => server.name === name);
    if (!flags.yes) {
      const question = isMember
        ? `Take the trust in ${name} away at the master? The next \`bootmachine up\` enrols it again, while it is in the config.`
        : `Remove the agent ${name}, which is no server of the stack, from the master?`;
      if (!canAsk(context)) {
        throw new RefusedError(
          "NOT_CONFIRMED",
          "Nobody can be asked here, so nothing was revoked.",
          {
            hint: `\`bootmachine configurator revoke ${name} --yes\` revokes without asking.`,
          },
        );
      }
      reporter.close();
      await confirm(context, question, "Nothing was revoked.");
    }
    ({ existed } = await fleet.revoke(name));
  } finally {
    reporter.close();
  }
  if (flags.json) context.stdout.write(`${JSON.stringify({ type: "revoked", name, existed })}\n`);
  else {
    const style = styleFor(context.stdout, context.env, flags.color);
    const what = existed ? "revoked" : "the master did not know it";
    context.stdout.write(`${style(name, "name")}: ${what}.\n`);
  }
  return 0;
}
