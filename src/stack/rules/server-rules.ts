import type { Configurator } from "../../configurators/contract.ts";
import type { Draft } from "../draft.ts";
import { presentItems, presentTexts } from "../draft.ts";
import { type ExpandedServer, MOST_SERVERS } from "../expand-servers.ts";
import { checkHostName } from "../host-name.ts";
import type { ReportProblem } from "../problem.ts";
import type { StackInput } from "../stack-input.ts";
import { nearestWord, suggestWord } from "../suggest.ts";

/** Names are valid and unique after `count` was expanded. */
export function checkServers(
  draft: Draft<StackInput>,
  servers: readonly ExpandedServer[],
  report: ReportProblem,
): void {
  for (const [index, server] of presentItems(draft.servers)) {
    if (server.count === undefined && server.name?.includes("{n}") === true) {
      report({
        path: ["servers", index, "name"],
        message: 'holds "{n}", and there is no count',
        hint: "Add `count`, or leave {n} out.",
      });
    }
  }
  if (servers.length > MOST_SERVERS) {
    report({
      path: ["servers"],
      message: `makes ${servers.length} servers; ${MOST_SERVERS} are the most in one stack`,
      hint: "Split it into several stacks.",
    });
  }
  const firstByName = new Map<string, number>();
  const entriesWithProblem = new Set<number>();
  for (const { name, index, input } of servers) {
    // One bad entry of many alike is told once.
    if (entriesWithProblem.has(index)) continue;
    const wrong =
      input.count === undefined && name.includes("{n}") ? undefined : checkHostName(name);
    const first = firstByName.get(name);
    const path = ["servers", index, "name"];
    if (wrong !== undefined) {
      report({ path, message: wrong });
      entriesWithProblem.add(index);
    } else if (first !== undefined) {
      const made = input.count === undefined ? "" : " (made by count)";
      report({
        path,
        message: `the name "${name}"${made} is taken by servers[${first}]`,
        hint: "Every server needs a name of its own.",
      });
      entriesWithProblem.add(index);
    } else firstByName.set(name, index);
  }
}

function needsMaster({ needsMaster: isNeeded, topology }: Configurator): boolean {
  return isNeeded ?? topology === "agent";
}

/** The master is one of the servers, and is there where the configurator needs one. */
export function checkMaster(
  draft: Draft<StackInput>,
  servers: readonly ExpandedServer[],
  isComplete: boolean,
  report: ReportProblem,
): void {
  const { configurator, master } = draft;
  if (master === undefined) {
    if (configurator !== undefined && needsMaster(configurator)) {
      report({
        path: ["master"],
        message: `is missing: ${configurator.name} needs a server for its server side`,
        hint: "Set `master` to the name of one of the servers.",
      });
    }
    return;
  }
  const names = [...new Set(servers.map((server) => server.name))];
  if (names.includes(master) || !isComplete) return;
  const entry = servers.find((server) => server.input.name === master);
  report({
    path: ["master"],
    message: `"${master}" is none of the servers`,
    hint:
      entry === undefined
        ? suggestWord(master, names, "servers")
        : `"${master}" has a count: name one of them, such as "${entry.name}".`,
  });
}

/** A role for which the configurator has something is one of the servers' own. */
export function checkNamedRoles(
  draft: Draft<StackInput>,
  isComplete: boolean,
  report: ReportProblem,
): void {
  if (!isComplete) return;
  const roles = new Set(presentItems(draft.servers).flatMap(([, one]) => presentTexts(one.roles)));
  for (const { role, path } of draft.configurator?.namedRoles ?? []) {
    if (roles.has(role)) continue;
    report({
      path: ["configurator", ...path],
      message: `no server has the role "${role}"`,
      hint: suggestWord(role, [...roles], "roles"),
    });
  }
}

/** The tool can have the servers' roles. */
export function checkRolesOfTool(draft: Draft<StackInput>, report: ReportProblem): void {
  const servers = presentItems(draft.servers);
  const roles = new Set(servers.flatMap(([, one]) => presentTexts(one.roles)));
  for (const { role, message, hint } of draft.configurator?.checkRoles?.([...roles]) ?? []) {
    for (const [index, one] of servers) {
      const at = one.roles?.indexOf(role) ?? -1;
      if (at === -1) continue;
      report({
        path: ["servers", index, "roles", at],
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}

/** The distro that a server names is a plug-in of this stack. */
export function checkServerDistros(
  draft: Draft<StackInput>,
  known: readonly string[],
  report: ReportProblem,
): void {
  for (const [index, server] of presentItems(draft.servers)) {
    if (server.distro === undefined || known.includes(server.distro)) continue;
    const nearest = nearestWord(server.distro.replace(/[-_ ]?\d+.*$/, ""), known);
    report({
      path: ["servers", index, "distro"],
      message: `"${server.distro}" is no distro plug-in of this stack`,
      hint: `${nearest === undefined ? "" : `Did you mean "${nearest}"? `}Known distros: ${known.join(", ")}. The release is read from the host; the image is chosen by \`image\`.`,
    });
  }
}
