import type { ServerData } from "../configurators/contract.ts";
import { expandResources, type SimpleResource } from "../program/expand-resources.ts";
import { quote } from "../program/quote.ts";
import type { Resource, ServiceResource, Trigger } from "../program/resource.ts";
import { resourceId } from "../program/resource-id.ts";
import { authorizedKeysLines } from "../program/resources/authorized-keys.ts";
import { DEFAULT_TIMEOUT_SECONDS, wholeCheck } from "../program/resources/command.ts";
import {
  type FileSystem,
  wantedDirectory,
  type WantedFile,
  wantedFile,
} from "../program/resources/files.ts";
import { sudoRuleFile } from "../program/resources/sudo-rule.ts";
import { sysctlCommands, sysctlFile } from "../program/resources/sysctl.ts";
import { accessResources } from "./access-resources.ts";
import { FORMER_USERS_ID } from "./account-resources.ts";
import type { BaselineContext } from "./context.ts";
import { groundResources } from "./ground-resources.ts";
import { prepareResources } from "./prepare-resources.ts";

/** How the baseline and the distros say that this kind of host never has a thing. */
const NEVER = "false";

type DataFile = ServerData["files"][number];
type DataCommand = ServerData["commands"][number];

/**
 * The secure state of a server as data, made from the very resources that `up` applies, so that who keeps it by this data
 * has nothing to change after `up`.
 *
 * The same in every run as long as config and members are: by which way this run came in does not count.
 *
 * Left out, because it is no state that others could keep:
 * - what only checks ("sshd would use these settings"), and the upgrades and the waiting of phase prepare;
 * - what this kind of host does not have (kernel settings of the whole computer, in a container);
 * - packages and files that the host itself decides about (`onlyIf`: a time service of its own, systemd-resolved), where
 *   the tools know no such condition; services and commands with one keep it, as commands;
 * - what a host remembers of the users of an earlier config;
 * - the members' block in /etc/hosts, which stands among others' lines and changes with every member;
 * - password hashes and other secrets.
 */
export function serverData(context: BaselineContext): ServerData {
  const { stack, server } = context;
  const { settled, guarded } = stateResources(context);
  const users = ofType(settled, "user").filter(isPresent);
  const keys = new Map(
    ofType(settled, "authorized-keys").map((each) => [each.user, authorizedKeysLines(each)]),
  );
  return {
    stack: stack.name,
    server: server.name,
    roles: server.roles,
    master: stack.master ?? null,
    members: context.members.map((member) => ({
      server: member.name,
      roles: member.roles,
      public_addresses: member.publicAddresses,
      private_addresses: member.privateAddresses,
    })),
    hostname: server.name,
    timezone: server.timezone,
    locale: server.locale,
    packages: [
      ...new Set(
        ofType(settled, "package")
          .filter(isPresent)
          .flatMap(({ names }) => names),
      ),
    ],
    groups: ofType(settled, "group")
      .filter(isPresent)
      .map(({ name, gid, system }) => ({ name, gid: gid ?? null, system: system ?? false })),
    users: users.map((user) => ({
      name: user.name,
      full_name: user.fullName ?? null,
      uid: user.uid ?? null,
      primary_group: user.primaryGroup ?? null,
      groups: user.groups ?? [],
      shell: user.shell ?? null,
      home: user.home ?? homeOf(user.name),
      keys: keys.get(user.name) ?? null,
    })),
    directories: ofType(settled, "directory")
      .filter(isPresent)
      .map((directory) => {
        const { path, mode, ...ownership } = wantedDirectory(directory, context);
        return { path, mode, ...ownerAndGroup(ownership) };
      }),
    files: settled.flatMap((resource) => filesOf(resource, context)),
    absent_files: [
      ...settled.flatMap((resource) => absentFilesOf(resource, context)),
      // Of users whom nobody declared: their keys opened an earlier way in.
      ...[...keys.keys()]
        .filter((name) => !users.some((user) => user.name === name))
        .map((name) => `${homeOf(name)}/.ssh/authorized_keys`),
    ],
    services: ofType(settled, "service").map(({ name, enabled, running }) => ({
      name,
      enabled: enabled ?? null,
      running: running ?? null,
    })),
    commands: guarded.flatMap((resource) => commandsOf(resource, context)),
  };
}

/** `guarded`: all resources that may count on this host; `settled`: those that do, whatever the host says when it is asked. */
function stateResources(context: BaselineContext): {
  readonly settled: readonly SimpleResource[];
  readonly guarded: readonly SimpleResource[];
} {
  const { distro, facts, server, stack } = context;
  const arrived = { ...context, arrivalPort: server.ssh.port, arrivalUser: stack.operator };
  const expand = (resources: readonly Resource[]): readonly SimpleResource[] =>
    expandResources(resources, distro, facts).filter(({ onlyIf }) => onlyIf !== NEVER);
  const guarded = [
    ...expand(prepareResources(arrived)).filter(({ type }) => type !== "command"),
    ...expand([...groundResources(arrived), ...accessResources(arrived, "final")]).filter(
      ({ id }) => id !== FORMER_USERS_ID,
    ),
  ];
  return { guarded, settled: guarded.filter(({ onlyIf }) => onlyIf === undefined) };
}

function ofType<T extends SimpleResource["type"]>(
  resources: readonly SimpleResource[],
  type: T,
): readonly Extract<SimpleResource, { readonly type: T }>[] {
  return resources.filter(
    (resource): resource is Extract<SimpleResource, { readonly type: T }> => resource.type === type,
  );
}

function isPresent({ state }: { readonly state?: "present" | "absent" }): boolean {
  return state !== "absent";
}

function homeOf(user: string): string {
  return user === "root" ? "/root" : `/home/${user}`;
}

function filesOf(resource: SimpleResource, system: FileSystem): readonly DataFile[] {
  switch (resource.type) {
    case "file":
      // A secret stays in the programs that bring it.
      return resource.state === "absent" || resource.secret === true
        ? []
        : [dataFile(wantedFile(resource, system), resource.triggers)];
    case "sudo-rule":
      return resource.state === "absent"
        ? []
        : [dataFile(sudoRuleFile(resource, system), resource.triggers)];
    case "sysctl":
      return [dataFile(sysctlFile(resource), resource.triggers)];
    default:
      return [];
  }
}

function absentFilesOf(resource: SimpleResource, system: FileSystem): readonly string[] {
  if (resource.type === "file" && resource.state === "absent") return [resource.path];
  if (resource.type === "sudo-rule" && resource.state === "absent") {
    return [sudoRuleFile(resource, system).path];
  }
  return [];
}

function dataFile(file: WantedFile, triggers: readonly Trigger[] = []): DataFile {
  return {
    path: file.path,
    mode: file.mode,
    ...ownerAndGroup(file),
    content: file.content,
    validate: file.validate ?? null,
    reload: triggers.flatMap((trigger) => ("reload" in trigger ? [trigger.reload] : [])),
    restart: triggers.flatMap((trigger) => ("restart" in trigger ? [trigger.restart] : [])),
    commands: triggers.flatMap((trigger) => ("run" in trigger ? [trigger.run] : [])),
  };
}

/** A group that nobody named is the owner's own. */
function ownerAndGroup(named: { readonly owner: string; readonly group: string | undefined }): {
  readonly owner: string;
  readonly group: string;
} {
  return { owner: named.owner, group: named.group ?? named.owner };
}

function commandsOf(resource: SimpleResource, context: BaselineContext): readonly DataCommand[] {
  switch (resource.type) {
    case "command":
      return resource.run === undefined
        ? []
        : [
            {
              name: resource.id,
              check: unless(resource.onlyIf, wholeCheck(resource)),
              run: resource.run,
              timeout_seconds: resource.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
            },
          ];
    case "sysctl":
      // The file is for the next boot. With a condition nobody but the host knows whether it counts.
      return resource.onlyIf === undefined
        ? [
            {
              name: resourceId(resource),
              ...sysctlCommands(resource),
              timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
            },
          ]
        : [];
    case "service":
      return resource.onlyIf === undefined ? [] : [conditionalService(resource, context)];
    default:
      return [];
  }
}

/** Holds where the condition does not. */
function unless(onlyIf: string | undefined, check: string): string {
  return onlyIf === undefined ? check : `if (\n${onlyIf}\n); then\n${check}\nfi`;
}

/** A service that only counts where the host says so, by the distro's own operations. */
function conditionalService(resource: ServiceResource, context: BaselineContext): DataCommand {
  const operations = context.distro.operations(context.facts);
  const call = (name: keyof typeof operations): string => {
    const operation = operations[name];
    // What cannot be done on this distro fails here as it does in a program.
    return "sh" in operation
      ? `( set -- ${quote(resource.name)}\n${operation.sh}\n)`
      : `{ echo ${quote(operation.impossible)} >&2; exit 1; }`;
  };
  const { enabled, running } = resource;
  const wanted = [
    ...(enabled === undefined
      ? []
      : [
          enabled
            ? ([call("serviceIsEnabled"), call("serviceEnable")] as const)
            : ([`! ${call("serviceIsEnabled")}`, call("serviceDisable")] as const),
        ]),
    ...(running === undefined
      ? []
      : [
          running
            ? ([call("serviceIsRunning"), call("serviceStart")] as const)
            : ([`! ${call("serviceIsRunning")}`, call("serviceStop")] as const),
        ]),
  ];
  return {
    name: resourceId(resource),
    check: unless(resource.onlyIf, wanted.map(([check]) => check).join(" &&\n")),
    run: wanted.map(([, run]) => run).join(" &&\n"),
    timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
  };
}
