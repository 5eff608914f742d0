import { UserError } from "../errors/error.ts";
import type { Leftover, Machine } from "../providers/contract.ts";
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

export interface SelectedMachines {
  readonly servers: readonly Server[];
  /** Machines of ours that the config names no more. */
  readonly orphans: readonly Machine[];
  /** What outlived the machines of these servers, and of servers that the config names no more. */
  readonly leftovers: readonly Leftover[];
}

/**
 * The servers that a selection names, and the orphans: all of them where all servers are selected, else those whose
 * name fits. They have no roles any more. The same goes for what outlived its machine.
 *
 * @throws UserError SELECTION_EMPTY when a name, glob or role matches nothing
 */
export function selectWithOrphans(
  stack: Stack,
  selection: Selection,
  machines: readonly Machine[],
  leftovers: readonly Leftover[] = [],
): SelectedMachines {
  const declared = new Set(stack.servers.map(({ name }) => name));
  // Hosts that nobody made are nobody's orphans.
  const orphans = stack.provider.capabilities.creates
    ? machines.filter(({ server }) => !declared.has(server))
    : [];
  const strays = leftovers.filter(({ server }) => !declared.has(server));
  const fits = (pattern: string, name: string): boolean => compileGlob(pattern).test(name);
  const isNamed = ({ server }: { readonly server: string }): boolean =>
    selection.roles.length === 0 &&
    (selection.servers.length === 0 || selection.servers.some((one) => fits(one, server)));
  const chosen = { orphans: orphans.filter(isNamed), leftovers: strays.filter(isNamed) };
  if (selection.orphansOnly === true) return { servers: [], ...chosen };
  // What only an orphan is called needs no server of that name.
  const isOrphans = (pattern: string): boolean =>
    [...chosen.orphans, ...chosen.leftovers].some(({ server }) => fits(pattern, server));
  const patterns = selection.servers.filter(
    (pattern) => stack.servers.some(({ name }) => fits(pattern, name)) || !isOrphans(pattern),
  );
  if (patterns.length === 0 && selection.servers.length > 0) return { servers: [], ...chosen };
  const servers = selectServers(stack, { ...selection, servers: patterns });
  const selected = new Set(servers.map(({ name }) => name));
  return {
    servers,
    orphans: chosen.orphans,
    leftovers: [...leftovers.filter(({ server }) => selected.has(server)), ...chosen.leftovers],
  };
}

export function selectsEverything(selection: Selection): boolean {
  return (
    selection.servers.length === 0 && selection.roles.length === 0 && selection.orphansOnly !== true
  );
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
