import type { ServerStatus } from "../fleet/fleet-contract.ts";
import type { Machine } from "../providers/contract.ts";
import { sanitize } from "./display-width.ts";

/** What to do about machines that the config names no more, and about those that are not whole: one sentence each. */
export function renderAdvice(
  servers: readonly ServerStatus[],
  /** What every command needs besides: " --rehearse". */
  flag = "",
): readonly string[] {
  const orphans = servers.filter(({ isOrphan }) => isOrphan === true).map(({ server }) => server);
  return [
    ...servers.flatMap(({ server, machine, reach, isOrphan, leftovers }) => {
      if (isOrphan === true) return [];
      if (machine !== undefined)
        return [...adviceFor(machine, flag), ...adviceForChange(server, reach, flag)];
      if (leftovers === undefined) return [];
      return [
        `${server} has no machine, and something is left of it: \`bootmachine destroy --server ${server}${flag}\` removes it.`,
      ];
    }),
    ...adviceForOrphans(orphans, flag),
  ];
}

function adviceFor({ server, status, detail }: Machine, flag: string): readonly string[] {
  const why = detail === undefined ? "" : ` (${sanitize(detail.split("\n")[0] ?? "")})`;
  switch (status) {
    case "running":
      return [];
    case "stopped":
      return [`${server} is stopped${why}: \`bootmachine up${flag}\` starts it.`];
    case "creating":
      return [
        `${server} is not finished${why}: \`bootmachine up${flag}\` goes on with it, \`bootmachine destroy --server ${server}${flag}\` removes it.`,
      ];
    case "failed":
      return [
        `${server} failed${why}: \`bootmachine console ${server}${flag}\` may say more. \`bootmachine destroy --server ${server}${flag}\`, then \`bootmachine up${flag}\`, makes it anew.`,
      ];
  }
}

function adviceForChange(
  server: string,
  reach: ServerStatus["reach"],
  flag: string,
): readonly string[] {
  if (reach === undefined || !reach.ok || reach.accessChange === undefined) return [];
  const command = `\`bootmachine secure --server ${server}${flag}\``;
  return [
    reach.accessChange === "armed"
      ? `${server} is in the middle of an access change, and goes back to the old way by itself when nobody confirms it: wait for the run that makes it; where that has died, ${command} ends it.`
      : `${server} is going back to the way in that it had before an access change: wait a minute, then ${command} makes the change anew.`,
  ];
}

function adviceForOrphans(orphans: readonly string[], flag: string): readonly string[] {
  const [only, ...others] = orphans;
  if (only === undefined) return [];
  return others.length === 0
    ? [`${only} is no longer in the config: \`bootmachine destroy --orphans${flag}\` removes it.`]
    : [
        `${orphans.join(", ")} are no longer in the config: \`bootmachine destroy --orphans${flag}\` removes them.`,
      ];
}
