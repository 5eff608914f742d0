import type { Distro } from "../distros/contract.ts";
import { InternalError } from "../errors/error.ts";
import type { HostFacts } from "../host/facts.ts";
import type { Resource, Trigger } from "./resource.ts";
import { resourceId } from "./resource-id.ts";

/** A resource that the compiler turns into shell text by itself. */
export type SimpleResource = Exclude<
  Resource,
  { readonly type: "repository" | "ssh-server" | "firewall" }
>;

/** How deep a distro may answer with resources that are to be expanded again. */
const DEEPEST = 5;

/**
 * Replaces `repository`, `ssh-server` and `firewall` by what the distro makes of them. The parts' ids begin with the id
 * of the whole; its `onlyIf` and triggers count for each part.
 */
export function expandResources(
  resources: readonly Resource[],
  distro: Distro,
  facts: HostFacts,
): readonly SimpleResource[] {
  const expand = (resource: Resource, depth: number): readonly SimpleResource[] => {
    let parts: readonly Resource[];
    if (resource.type === "repository") parts = distro.repository(resource, facts);
    else if (resource.type === "ssh-server") parts = distro.sshServer(resource, facts);
    else if (resource.type === "firewall") parts = distro.firewall(resource, facts);
    else return [resource];
    if (depth === DEEPEST) {
      throw new InternalError(
        `The distro "${distro.name}" answers "${resourceId(resource)}" with itself.`,
      );
    }
    return parts.flatMap((part) => expand(inherit(resource, part), depth + 1));
  };
  return resources.flatMap((resource) => expand(resource, 0));
}

function inherit(whole: Resource, part: Resource): Resource {
  const wholeId = resourceId(whole);
  const partId = resourceId(part);
  const triggers = distinct([...(part.triggers ?? []), ...(whole.triggers ?? [])]);
  const onlyIf = allOf(whole.onlyIf, part.onlyIf);
  const skipReason = part.skipReason ?? whole.skipReason;
  return {
    ...part,
    id: partId.startsWith(wholeId) ? partId : `${wholeId}: ${partId}`,
    ...(triggers.length === 0 ? {} : { triggers }),
    ...(onlyIf === undefined ? {} : { onlyIf }),
    ...(skipReason === undefined ? {} : { skipReason }),
  };
}

function allOf(whole: string | undefined, part: string | undefined): string | undefined {
  if (whole === undefined || part === undefined || whole === part) return part ?? whole;
  return `(\n${whole}\n) && (\n${part}\n)`;
}

function distinct(triggers: readonly Trigger[]): readonly Trigger[] {
  return [...new Map(triggers.map((trigger) => [JSON.stringify(trigger), trigger])).values()];
}
