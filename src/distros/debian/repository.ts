import type { RepositoryResource, Resource } from "../../program/resource.ts";
import { REFRESH_LISTS, REFRESH_STAMP } from "./apt.ts";

/** A repository as a deb822 source whose key counts for it alone. */
export function repositoryResources(resource: RepositoryResource): readonly Resource[] {
  const id = resource.id ?? `repository ${resource.name}`;
  const key = `/etc/apt/keyrings/bootmachine-${resource.name}.asc`;
  const source = `/etc/apt/sources.list.d/bootmachine-${resource.name}.sources`;
  const guard = {
    ...(resource.onlyIf === undefined ? {} : { onlyIf: resource.onlyIf }),
    ...(resource.skipReason === undefined ? {} : { skipReason: resource.skipReason }),
  };
  if (resource.state === "absent") {
    return [
      { type: "file", id: `${id} source`, path: source, state: "absent", ...guard },
      { type: "file", id: `${id} key`, path: key, state: "absent", ...guard },
    ];
  }
  const isFlat = resource.suite.endsWith("/");
  return [
    { type: "directory", id: `${id} keyrings`, path: "/etc/apt/keyrings", ...guard },
    {
      type: "file",
      id: `${id} key`,
      path: key,
      content: resource.key.endsWith("\n") ? resource.key : `${resource.key}\n`,
      ...guard,
    },
    {
      type: "file",
      id: `${id} source`,
      path: source,
      content: [
        "# Written by bootmachine.",
        "Types: deb",
        `URIs: ${resource.uri}`,
        `Suites: ${resource.suite}`,
        ...(isFlat ? [] : [`Components: ${resource.components.join(" ")}`]),
        `Signed-By: ${key}`,
        "",
      ].join("\n"),
      ...guard,
    },
    {
      // Not a trigger: those run at the end, and the next resource may be a package from this repository.
      type: "command",
      id: `${id} lists`,
      check: `[ -e ${REFRESH_STAMP} ] && [ -z "$(find ${source} ${key} -newer ${REFRESH_STAMP})" ]`,
      run: REFRESH_LISTS,
      ...guard,
      ...(resource.triggers === undefined ? {} : { triggers: resource.triggers }),
    },
  ];
}
