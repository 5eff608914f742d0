import type { Resource } from "./resource.ts";

/** The id of a resource: its own, or `TYPE NAME`. */
export function resourceId(resource: Resource): string {
  return resource.id ?? defaultId(resource);
}

function defaultId(resource: Resource): string {
  switch (resource.type) {
    case "package":
      return `package ${resource.names.join(" ")}`;
    case "upgrade":
      return `upgrade ${resource.scope}`;
    case "file":
    case "directory":
    case "symlink":
      return `${resource.type} ${resource.path}`;
    case "block":
      return `block ${resource.name} in ${resource.path}`;
    case "repository":
    case "group":
    case "user":
    case "sudo-rule":
    case "service":
    case "sysctl":
      return `${resource.type} ${resource.name}`;
    case "authorized-keys":
      return `authorized-keys ${resource.user}`;
    case "hostname":
      return `hostname ${resource.hostname}`;
    case "locale":
      return `locale ${resource.locale}`;
    case "timezone":
      return `timezone ${resource.timezone}`;
    case "hosts-entries":
    case "ssh-server":
    case "firewall":
      return resource.type;
    case "command":
      return resource.id;
  }
}
