import type { ConfiguratorContext, Tree } from "../contract.ts";
import type { ChefSettings } from "./options.ts";

/** What bootmachine renders for one server: `node["bootmachine"]`, and its run list. */
export function serverFiles(
  settings: ChefSettings,
  { member }: ConfiguratorContext,
): NonNullable<Tree["files"]> {
  const ofRoles = member.roles.flatMap((role) => settings.roleRunLists[role] ?? []);
  return [
    { path: "attributes.json", content: json(member.data) },
    { path: "run-list.json", content: json({ run_list: [...settings.runList, ...ofRoles] }) },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
