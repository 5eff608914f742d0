import type { ProblemRecord } from "../../errors/error.ts";
import type { Resource } from "../../program/resource.ts";
import { resourceId } from "../../program/resource-id.ts";
import type { ServerData } from "../contract.ts";

/**
 * Resources of the user's that want different things of the same place, or that touch what the baseline keeps: each run
 * would undo what the other did, for ever.
 */
export function contradictions(
  resources: readonly Resource[],
  data: ServerData,
): readonly ProblemRecord[] {
  const problems: ProblemRecord[] = [];
  const ids = new Set<string>();
  const places = new Map<string, string>();
  const baseline = new Map([
    ...[...data.files.map(({ path }) => path), ...data.absent_files].map(
      (path) => [path, "the baseline writes it, from the config's own options"] as const,
    ),
    ...data.users.flatMap(({ name }) =>
      [`user ${name}`, `the keys of ${name}`].map(
        (place) => [place, "the config declares this user, under `users`"] as const,
      ),
    ),
    ["the keys of root", "nobody logs in as root"] as const,
    ...data.groups.map(
      ({ name }) => [`group ${name}`, "the config declares this group, under `groups`"] as const,
    ),
  ]);
  for (const resource of resources) {
    const id = resourceId(resource);
    const problem = (message: string): void => void problems.push({ path: id, message });
    if (ids.has(id)) {
      problem("two resources have this id; give one of them an `id` of its own, or leave it out");
    }
    ids.add(id);
    for (const place of placesOf(resource)) {
      const why = baseline.get(place);
      if (why !== undefined) problem(`${place}: ${why}`);
      // One that counts only under a condition may stand beside its opposite.
      if (resource.onlyIf !== undefined || resource.type === "block") continue;
      const other = places.get(place);
      if (other !== undefined && other !== id) problem(`"${other}" is about ${place} as well`);
      places.set(place, id);
    }
  }
  return problems;
}

/** What a resource rules whole. */
function placesOf(resource: Resource): readonly string[] {
  switch (resource.type) {
    case "file":
    case "symlink":
    case "block":
      return [resource.path];
    case "sudo-rule":
      return [`/etc/sudoers.d/${resource.name}`];
    case "sysctl":
      return [`/etc/sysctl.d/${resource.name}.conf`];
    case "user":
    case "group":
      return [`${resource.type} ${resource.name}`];
    case "authorized-keys":
      return [`the keys of ${resource.user}`];
    default:
      return [];
  }
}
