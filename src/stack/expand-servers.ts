import type { Draft } from "./draft.ts";
import type { ServerInput } from "./stack-input.ts";

/** Most servers that one stack may have. */
export const MOST_SERVERS = 5_000;

/** One server after `count` was expanded, and the entry that it came from. */
export interface ExpandedServer {
  readonly name: string;
  /** Index of the entry in the config's `servers`. */
  readonly index: number;
  readonly input: Draft<ServerInput>;
}

/** The names that an entry stands for: "web" with count 3 → web1, web2, web3; "web-{n}" → web-1 …. */
export function expandName(name: string, count: number | undefined): readonly string[] {
  if (count === undefined) return [name];
  const template = name.includes("{n}") ? name : `${name}{n}`;
  return Array.from({ length: count }, (_, index) => template.replaceAll("{n}", String(index + 1)));
}

/** Every server of the config; entries without a usable name are left out. */
export function expandServers(
  servers: readonly (Draft<ServerInput> | undefined)[] | undefined,
): readonly ExpandedServer[] {
  const expanded: ExpandedServer[] = [];
  for (const [index, input] of (servers ?? []).entries()) {
    if (input?.name === undefined) continue;
    for (const name of expandName(input.name, input.count)) expanded.push({ name, index, input });
  }
  return expanded;
}
