import { UserError } from "../errors/error.ts";
import type { Server, Stack } from "../stack/stack.ts";
import type { Selection } from "./fleet-contract.ts";

/**
 * The stack's servers that a selection names, in the order of the config.
 *
 * @throws UserError SELECTION_EMPTY when a name, glob or role matches nothing
 */
export function selectServers(stack: Stack, selection: Selection): readonly Server[] {
  for (const pattern of selection.servers) {
    const matcher = compileGlob(pattern);
    if (!stack.servers.some((server) => matcher.test(server.name))) {
      throw nothingMatches(stack, `server "${pattern}"`);
    }
  }
  for (const role of selection.roles) {
    if (!stack.servers.some((server) => server.roles.includes(role))) {
      throw nothingMatches(stack, `role "${role}"`);
    }
  }
  const matchers = selection.servers.map(compileGlob);
  const selected = stack.servers.filter(
    (server) =>
      (matchers.length === 0 || matchers.some((matcher) => matcher.test(server.name))) &&
      (selection.roles.length === 0 || selection.roles.some((role) => server.roles.includes(role))),
  );
  if (selected.length === 0) throw nothingMatches(stack, "server and role together");
  return selected;
}

export function selectsEverything(selection: Selection): boolean {
  return selection.servers.length === 0 && selection.roles.length === 0;
}

/** `*` is any text, `?` one character; the rest is literal. */
export function compileGlob(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "u");
}

function nothingMatches(stack: Stack, what: string): UserError {
  const names = stack.servers.map((server) => server.name);
  const shown =
    names.length > 12
      ? `${names.slice(0, 12).join(", ")} and ${names.length - 12} more`
      : names.join(", ");
  const roles = [...new Set(stack.servers.flatMap((server) => server.roles))];
  return new UserError("SELECTION_EMPTY", `Nothing in stack "${stack.name}" matches ${what}.`, {
    hint: `Servers: ${shown}.${roles.length === 0 ? "" : ` Roles: ${roles.join(", ")}.`}`,
  });
}
