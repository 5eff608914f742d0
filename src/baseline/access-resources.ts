import type {
  FirewallOpening,
  FirewallResource,
  Resource,
  SshServerResource,
} from "../program/resource.ts";
import { NOTHING_ARMED_CHECK } from "./access-scripts.ts";
import { type BaselineContext, stackAddresses } from "./context.ts";
import { sshAlgorithms } from "./ssh-algorithms.ts";

/**
 * `final`: the declared way in alone. `beside`: the declared way in, with the one by which we came still open: both ports,
 * both users.
 */
export type AccessForm = "beside" | "final";

/** The way in: the ssh server, the firewall, and whose keys open the old way. */
export function accessResources(context: BaselineContext, form: AccessForm): readonly Resource[] {
  return [
    ...(form === "final" ? [nothingArmedResource()] : []),
    sshServerResource(context, form),
    firewallResource(context, form),
    ...(form === "final" ? oldKeysResources(context) : []),
  ];
}

/** Only the access change itself leaves this resource out. */
export const NOTHING_ARMED_ID = "access change finished";

/** A host that looks as wanted and still counts down is not as wanted: it is about to go back. */
function nothingArmedResource(): Resource {
  return {
    type: "command",
    id: NOTHING_ARMED_ID,
    check: NOTHING_ARMED_CHECK,
    showCheckOutput: true,
  };
}

function portsOf(context: BaselineContext, form: AccessForm): readonly number[] {
  const { port } = context.server.ssh;
  return form === "final" || context.arrivalPort === port ? [port] : [port, context.arrivalPort];
}

/** Everybody who is declared with a key may log in; the arrival user only as long as the old way is open. */
function allowedUsers(context: BaselineContext, form: AccessForm): readonly string[] {
  const declared = context.stack.users
    .filter((user) => user.keys.length > 0 || user.hasToolKeys)
    .map((user) => user.name);
  return [...new Set([...declared, ...(form === "beside" ? [context.arrivalUser] : [])])];
}

function sshServerResource(context: BaselineContext, form: AccessForm): SshServerResource {
  const rootArrives = form === "beside" && context.arrivalUser === "root";
  return {
    type: "ssh-server",
    id: "ssh-server",
    settings: [
      ...portsOf(context, form).map((port) => ["Port", String(port)] as const),
      ["PermitRootLogin", rootArrives ? "prohibit-password" : "no"],
      ["AllowUsers", allowedUsers(context, form).join(" ")],
      ["PubkeyAuthentication", "yes"],
      ["PasswordAuthentication", "no"],
      ["KbdInteractiveAuthentication", "no"],
      ["HostbasedAuthentication", "no"],
      ["PermitEmptyPasswords", "no"],
      ["PermitUserEnvironment", "no"],
      // Guesses are few and short, and waiting ones do not shut out real ones.
      ["MaxAuthTries", "4"],
      ["LoginGraceTime", "30"],
      ["MaxStartups", "10:30:60"],
      // Forwarding: -J and -L for people who go through a member to another; nothing that opens a port here.
      ["X11Forwarding", "no"],
      ["AllowAgentForwarding", "no"],
      ["AllowTcpForwarding", "local"],
      ["GatewayPorts", "no"],
      ["PermitTunnel", "no"],
      // A client that is gone is noticed after three minutes.
      ["ClientAliveInterval", "60"],
      ["ClientAliveCountMax", "3"],
      // Says which key came in.
      ["LogLevel", "VERBOSE"],
      ...(context.distro.baseline.setsSshAlgorithms
        ? sshAlgorithms(context.facts.opensshVersion)
        : []),
    ],
  };
}

function isForSsh(
  opening: { readonly port: number | string; readonly protocol: string },
  port: number,
): boolean {
  const [first = "", last = first] = String(opening.port).split("-");
  return opening.protocol === "tcp" && port >= Number(first) && port <= Number(last);
}

/** What may come in: ssh, the openings of the config, and the master's ports for the members. */
export function firewallOpenings(
  context: BaselineContext,
  form: AccessForm,
): readonly FirewallOpening[] {
  const { server, stack } = context;
  const members = stackAddresses(context);
  const declared = server.firewall.flatMap((opening): readonly FirewallOpening[] => {
    const from = opening.from === "stack" ? members : opening.from;
    // Nobody is in the stack whose address is known: nothing to open, and an empty list would be no rule at all.
    return from.length === 0 ? [] : [{ port: opening.port, protocol: opening.protocol, from }];
  });
  const { port } = server.ssh;
  // The operator may come from anywhere, unless the config says from where.
  const ssh = portsOf(context, form)
    .filter((each) => each !== port || !declared.some((opening) => isForSsh(opening, port)))
    .map((each): FirewallOpening => ({
      port: each,
      protocol: "tcp",
      from: "anywhere",
      comment: each === port ? "ssh" : "ssh, the old way",
    }));
  const master =
    stack.master === server.name && members.length > 0
      ? stack.configurator.masterPorts.map((opening): FirewallOpening => ({
          ...opening,
          from: members,
        }))
      : [];
  return [...ssh, ...declared, ...master];
}

function firewallResource(context: BaselineContext, form: AccessForm): FirewallResource {
  return { type: "firewall", id: "firewall", openings: firewallOpenings(context, form) };
}

/** Root's keys, and those of the image's own login user, which nobody declared: they opened the old way. */
function oldKeysResources(context: BaselineContext): readonly Resource[] {
  const isDeclared = context.stack.users.some((user) => user.name === context.arrivalUser);
  const users = [
    ...(context.stack.users.some((user) => user.name === "root") ? [] : ["root"]),
    ...(isDeclared || context.arrivalUser === "root" ? [] : [context.arrivalUser]),
  ];
  return users.map((user) => ({ type: "authorized-keys", user, keys: [] }));
}
