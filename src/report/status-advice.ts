import type { ServerStatus } from "../fleet/fleet-contract.ts";
import type { Machine } from "../providers/contract.ts";
import { sanitize } from "./display-width.ts";

/** What to do about machines that the config names no more, and about those that are not whole: one sentence each. */
export function renderAdvice(servers: readonly ServerStatus[]): readonly string[] {
  const orphans = servers.filter(({ isOrphan }) => isOrphan === true).map(({ server }) => server);
  return [
    ...servers.flatMap(({ machine, isOrphan }) =>
      machine === undefined || isOrphan === true ? [] : adviceFor(machine),
    ),
    ...adviceForOrphans(orphans),
  ];
}

function adviceFor({ server, status, detail }: Machine): readonly string[] {
  const why = detail === undefined ? "" : ` (${sanitize(detail.split("\n")[0] ?? "")})`;
  switch (status) {
    case "running":
      return [];
    case "stopped":
      return [`${server} is stopped${why}: \`bootmachine up\` starts it.`];
    case "creating":
      return [
        `${server} is not finished${why}: \`bootmachine up\` goes on with it, \`bootmachine destroy --server ${server}\` removes it.`,
      ];
    case "failed":
      return [
        `${server} failed${why}: \`bootmachine console ${server}\` may say more. \`bootmachine destroy --server ${server}\`, then \`bootmachine up\`, makes it anew.`,
      ];
  }
}

function adviceForOrphans(orphans: readonly string[]): readonly string[] {
  const [only, ...others] = orphans;
  if (only === undefined) return [];
  return others.length === 0
    ? [`${only} is no longer in the config: \`bootmachine destroy --orphans\` removes it.`]
    : [
        `${orphans.join(", ")} are no longer in the config: \`bootmachine destroy --orphans\` removes them.`,
      ];
}
