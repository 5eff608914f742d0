import type {
  FirewallOpening,
  FirewallResource,
  Resource,
  SshServerResource,
} from "../program/resource.ts";
import { quote } from "../program/quote.ts";
import { isListed } from "../stack/address-list.ts";
import { pushingMaster } from "../stack/pushing-master.ts";
import { accountResources } from "./account-resources.ts";
import { NOTHING_ARMED_CHECK } from "./access-scripts.ts";
import { type BaselineContext, stackAddresses } from "./context.ts";
import { sshAlgorithms } from "./ssh-algorithms.ts";

/**
 * `final`: the declared way in alone. `beside`: the declared way in, with the one by which we came still open: both ports,
 * both users.
 */
export type AccessForm = "beside" | "final";

/** The way in: the declared accounts, the ssh server, the firewall, and whose keys open the old way. */
export function accessResources(context: BaselineContext, form: AccessForm): readonly Resource[] {
  return [
    ...(form === "final" ? [nothingArmedResource()] : []),
    ...accountResources(context, form),
    sshServerResource(context, form),
    firewallResource(context, form),
    ...(form === "final" ? [...oldKeysResources(context), ...imageUserResources(context)] : []),
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

/**
 * From where alone people may log in, where the config has openings for the ssh port: addresses and CIDR blocks.
 * Undefined: from anywhere.
 */
export function sshSources(context: BaselineContext): readonly string[] | undefined {
  const { port } = context.server.ssh;
  const narrowing = firewallOpenings(context, "final").filter((opening) => isForSsh(opening, port));
  return narrowing.some(({ from }) => from === "anywhere")
    ? undefined
    : narrowing.flatMap(({ from }) => (from === "anywhere" ? [] : from));
}

/**
 * A master that pushes logs in to the other members: where openings narrow their ssh port, it is opened to the master's
 * addresses as well, as far as these are not among the declared ones.
 */
function pushOpenings(
  { stack, server, members }: BaselineContext,
  narrowing: readonly FirewallOpening[],
): readonly FirewallOpening[] {
  if (narrowing.length === 0 || pushingMaster(stack) === undefined || stack.master === server.name)
    return [];
  const declared = narrowing.flatMap(({ from }) => (from === "anywhere" ? [] : from));
  const master = members.find(({ name }) => name === stack.master);
  const from = [
    ...new Set([...(master?.privateAddresses ?? []), ...(master?.publicAddresses ?? [])]),
  ].filter((address) => !isListed(declared, address));
  return from.length === 0
    ? []
    : [{ port: server.ssh.port, protocol: "tcp", from, comment: "ssh, from the master" }];
}

/** What may come in: ssh, the openings of the config, and the master's ways to the members and the members' to it. */
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
  const narrowing = declared.filter((opening) => isForSsh(opening, port));
  // The operator may come from anywhere, unless the config says from where.
  const ssh = portsOf(context, form)
    .filter((each) => each !== port || narrowing.length === 0)
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
  return [...ssh, ...declared, ...pushOpenings(context, narrowing), ...master];
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

/** cloud-init's file of sudo rules: one for the image's own user, and those of the user data. Source: cloud-init, distros/__init__.py. */
const CLOUD_INIT_SUDO_RULES = "/etc/sudoers.d/90-cloud-init-users";

/**
 * A cloud image has a user of its own ("debian") that is root by sudo without a password. Whoever came in as that user needs
 * it up to here; from here on administrators are those whom the config declares, by rules of the baseline. The user stays,
 * with nothing that it could do: its files may be wanted.
 *
 * What goes here is put back by the access change as long as it may be needed: the file is among those that are kept. The
 * admin group is not, because on no distro it spares anybody the password, and this user has none.
 */
function imageUserResources({
  stack,
  facts,
  distro,
  arrivalUser,
}: BaselineContext): readonly Resource[] {
  if (!facts.hasCloudInit) return [];
  const group = distro.baseline.adminGroup;
  const admins = stack.users.filter(({ sudo, groups }) => sudo !== "no" || groups.includes(group));
  const own = String.raw`"$(sed -n '/^ *default_user:/,/^ *shell:/s/^ *name: *//p' /etc/cloud/cloud.cfg 2>/dev/null | head -n 1)"`;
  const users = `${own} ${quote(arrivalUser)}`;
  // Asked of the image, not of the way in: a run that was killed has closed the old way, and the next one comes by the new.
  const keys = String.raw`for bm_user in ${own}; do
  case " root ${stack.users.map(({ name }) => name).join(" ")} " in *" $bm_user "*) continue ;; esac
  bm_home=$(getent passwd "$bm_user" | cut -d: -f6)
  [ -z "$bm_home" ] || ! [ -s "$bm_home/.ssh/authorized_keys" ] || printf '%s\n' "$bm_home/.ssh/authorized_keys"
done`;
  const undeclared = String.raw`for bm_user in ${users}; do
  case " root ${admins.map(({ name }) => name).join(" ")} " in *" $bm_user "*) continue ;; esac
  getent group ${group} | cut -d: -f4 | tr , '\n' | grep -xF -e "$bm_user"
done | sort -u`;
  return [
    {
      type: "command",
      id: "the image's own user is no administrator",
      check: `[ -z "$(${undeclared})" ]`,
      run: `for bm_admin in $(${undeclared}); do gpasswd --delete "$bm_admin" ${group} || exit 1; done`,
    },
    {
      type: "command",
      id: "the image's own user has no keys",
      check: `[ -z "$(${keys})" ]`,
      run: `${keys} | while IFS= read -r bm_file; do rm -f -- "$bm_file" || exit 1; done`,
    },
    { type: "file", path: CLOUD_INIT_SUDO_RULES, state: "absent" },
  ];
}
