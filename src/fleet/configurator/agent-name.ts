import { UserError } from "../../errors/error.ts";

/**
 * What a server of ours, and an agent of every tool, may be called: a host name, with underscores. It means itself in every
 * shell and in every path, so it can stand in a command to copy. What a stranger calls himself need not be one.
 */
const AGENT_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/u;

export function isAgentName(name: string): boolean {
  return AGENT_NAME.test(name);
}

/** @throws UserError USAGE for what is no name of an agent */
export function requireAgentName(name: string): void {
  if (isAgentName(name)) return;
  throw new UserError("USAGE", `${JSON.stringify(name)} cannot be the name of an agent.`, {
    hint: "`bootmachine configurator agents` lists them. One with a name of other signs goes by its key: `bootmachine configurator revoke --fingerprint FINGERPRINT`.",
  });
}
