import { requireConfigurator } from "../../../fleet/configurator/require-configurator.ts";
import { RefusedError } from "../../../errors/error.ts";
import { quote } from "../../../program/quote.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import type { ChangeFlags } from "../../flags.ts";
import { runPhases } from "../../run-phases.ts";

/**
 * Enrols one server of the stack. An agent is never accepted by the name that it gives itself: its key is made, or its
 * fingerprint read, over the proven channel, which only a declared server has.
 */
export function accept(context: CliContext, flags: ChangeFlags, server: string): Promise<ExitCode> {
  return runPhases(
    context,
    { ...flags, server: [server] },
    {
      command: "configurator accept",
      phases: ["install", "enroll"],
      guard(stack) {
        requireConfigurator(stack);
        if (stack.servers.some(({ name }) => name === server)) return;
        throw new RefusedError(
          "AGENT_STRANGE",
          `"${server}" is no server of the stack ${stack.name}, so nothing proves that the agent's key is its own.`,
          {
            hint: `Declare it in the config and run \`bootmachine up\`, or take it off the master's list with \`bootmachine configurator revoke ${quote(server)}\`. Servers: ${stack.servers.map(({ name }) => name).join(", ")}.`,
          },
        );
      },
    },
  );
}
