import type { Resource } from "../program/resource.ts";
import { addressesAmongMembers, type BaselineContext } from "./context.ts";

/** Phase prepare: the first boot is over, the host is up to date, and knows its name, its members, its place and the time. */
export function prepareResources(context: BaselineContext): readonly Resource[] {
  const { server, facts, distro } = context;
  const { baseline } = distro;
  const upgrade = server.upgrades.atBoot;
  return [
    ...baseline.firstBoot(facts),
    ...(upgrade === "none"
      ? []
      : ([
          ...(baseline.packageLists?.(facts) ?? []),
          { type: "upgrade", id: `upgrade ${upgrade}`, scope: upgrade },
        ] satisfies readonly Resource[])),
    { type: "package", id: "base packages", names: baseline.basePackages },
    { type: "hostname", hostname: server.name },
    { type: "hosts-entries", entries: hostsEntries(context) },
    { type: "locale", locale: server.locale },
    { type: "timezone", timezone: server.timezone },
    ...baseline.timeSynchronisation(facts),
  ];
}

function hostsEntries(
  context: BaselineContext,
): readonly { readonly address: string; readonly names: readonly string[] }[] {
  const entries = context.members.flatMap((member) =>
    addressesAmongMembers(member).map((address) => ({ address, names: [member.name] })),
  );
  // sudo and others look the host's own name up, and wait for DNS where it is in no hosts file.
  const knowsItself = entries.some((entry) => entry.names.includes(context.server.name));
  return knowsItself
    ? entries
    : [{ address: "127.0.1.1", names: [context.server.name] }, ...entries];
}
