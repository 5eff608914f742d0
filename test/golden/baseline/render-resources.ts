import type { Distro } from "../../../src/distros/contract.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import type { Resource } from "../../../src/program/resource.ts";

/** Resources as a person would read them, with those that the distro writes expanded. */
export function renderResources(
  resources: readonly Resource[],
  distro: Distro,
  facts: HostFacts,
): string {
  return resources
    .flatMap((resource): readonly Resource[] => {
      if (resource.type === "ssh-server") return distro.sshServer(resource, facts);
      if (resource.type === "firewall") return distro.firewall(resource, facts);
      if (resource.type === "repository") return distro.repository(resource, facts);
      return [resource];
    })
    .map(renderResource)
    .join("\n");
}

function renderResource(resource: Resource): string {
  const { type, id, ...fields } = resource;
  const lines = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return text.includes("\n")
      ? `  ${name}:\n${text.replace(/\n$/, "").replaceAll(/^/gm, "    | ")}`
      : `  ${name}: ${text}`;
  });
  return `${[`${type}${id === undefined ? "" : ` "${id}"`}`, ...lines].join("\n")}\n`;
}
