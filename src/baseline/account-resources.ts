import { HOST_STATE } from "../host/run-texts.ts";
import { quote } from "../program/quote.ts";
import type { CommandResource, Resource } from "../program/resource.ts";
import type { Group, User } from "../stack/stack.ts";
import type { AccessForm } from "./access-resources.ts";
import type { BaselineContext } from "./context.ts";

/** Who was declared when the ways in were changed last: one name a line, sorted. */
export const DECLARED_USERS_FILE = `${HOST_STATE}/users`;
export const FORMER_USERS_ID = "users taken out of the config";

/**
 * The declared accounts, their keys and their sudo rules. A shell that is not there, a key with another option, a sudo rule
 * that asks for a password: each can shut the operator out, so that all of this is part of the access change.
 */
export function accountResources(context: BaselineContext, form: AccessForm): readonly Resource[] {
  const { users, operator } = context.stack;
  // The user as whom we came stays as it is until the new way is proven, unless both ways are the same account's.
  const isOldWay = (user: User): boolean =>
    form === "beside" && user.name === context.arrivalUser && user.name !== operator;
  return [
    ...operatorShellResources(context),
    ...users.filter((user) => !isOldWay(user)).flatMap((user) => userResources(user, context)),
    ...(form === "final" ? [formerUsersResource(context)] : []),
  ];
}

/** sudo reads no file of sudoers.d with a dot in its name. */
export function sudoRuleName(user: string): string {
  return `bootmachine-${user.replaceAll(/[^A-Za-z0-9_-]/g, "_")}`;
}

/** sshd lets nobody in whose shell is not there: seen before the account is touched, it can be said plainly. */
function operatorShellResources({ stack }: BaselineContext): readonly Resource[] {
  const shell = stack.users.find(({ name }) => name === stack.operator)?.shell;
  if (shell === undefined) return [];
  const text = `there is no ${shell} on this host, and without it ${stack.operator} cannot log in: install it first, or declare another shell`;
  return [
    {
      type: "command",
      id: "the operator's shell is there",
      check: `[ -x ${quote(shell)} ] || { printf '%s\\n' ${quote(text)}; false; }`,
      showCheckOutput: true,
    },
  ];
}

/** The group with the user's declared gid: one of the declared groups, or else the user's own. */
export function primaryGroupOf(user: User, groups: readonly Group[]): string | undefined {
  if (user.gid === undefined) return undefined;
  return groups.find(({ gid }) => gid === user.gid)?.name ?? user.name;
}

function userResources(user: User, { stack }: BaselineContext): readonly Resource[] {
  // The controller works through `sudo -n` as the operator: without NOPASSWD it could do nothing.
  const sudo = user.name === stack.operator ? "nopasswd" : user.sudo;
  const primaryGroup = primaryGroupOf(user, stack.groups);
  return [
    {
      type: "user",
      name: user.name,
      ...(user.fullName === undefined ? {} : { fullName: user.fullName }),
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...(primaryGroup === undefined ? {} : { primaryGroup }),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }),
      ...(user.shell === undefined ? {} : { shell: user.shell }),
      ...(user.passwordHash === undefined ? {} : { passwordHash: user.passwordHash }),
    },
    ...(user.hasToolKeys
      ? []
      : [{ type: "authorized-keys", user: user.name, keys: user.keys } as const]),
    sudo === "no"
      ? { type: "sudo-rule", name: sudoRuleName(user.name), rules: [], state: "absent" }
      : {
          type: "sudo-rule",
          name: sudoRuleName(user.name),
          rules: [`${user.name} ALL=(ALL:ALL) ${sudo === "nopasswd" ? "NOPASSWD: " : ""}ALL`],
        },
  ];
}

/**
 * Who was declared once and is no longer can do nothing any more: no key, no password, no sudo rule, not in the admin
 * group. The account and its files stay: they may be wanted.
 */
function formerUsersResource({ stack, distro, facts }: BaselineContext): CommandResource {
  const names = stack.users.map(({ name }) => name).sort();
  const lock = distro.operations(facts).userPasswordLock;
  const group = distro.baseline.adminGroup;
  const declared = String.raw`bm_declared=${quote(names.join("\n"))}
bm_rules() {
  for bm_file in /etc/sudoers.d/bootmachine-*; do
    case " ${names.map(sudoRuleName).join(" ")} " in *" ${"$"}{bm_file##*/} "*) continue ;; esac
    [ ! -f "$bm_file" ] || printf '%s\n' "$bm_file"
  done
}`;
  return {
    type: "command",
    id: FORMER_USERS_ID,
    check: `${declared}
[ "$(cat ${DECLARED_USERS_FILE} 2>/dev/null)" = "$bm_declared" ] && [ -z "$(bm_rules)" ]`,
    run: String.raw`${declared}
bm_lock() {
  ${"sh" in lock ? lock.sh : `echo ${quote(lock.impossible)} >&2; return 1`}
}
bm_rules | while IFS= read -r bm_file; do rm -f -- "$bm_file" || exit 1; done || exit 1
[ ! -e ${DECLARED_USERS_FILE} ] || while IFS= read -r bm_user; do
  # Root's keys go with the old way in, and root's password is the console's.
  case "
root
$bm_declared
" in *"
$bm_user
"*) continue ;; esac
  bm_home=$(getent passwd "$bm_user" | cut -d: -f6)
  [ -n "$bm_home" ] || continue
  # With the power of the user, who rules that directory: a link in it may name a file of root's.
  ! [ -d "$bm_home/.ssh" ] || BM_HOME=$bm_home su -s /bin/sh "$bm_user" -c 'rm -f -- "$BM_HOME/.ssh/authorized_keys"' </dev/null || exit 1
  bm_lock "$bm_user" || exit 1
  case ",$(getent group ${group} | cut -d: -f4)," in *",$bm_user,"*) gpasswd --delete "$bm_user" ${group} || exit 1 ;; esac
done <${DECLARED_USERS_FILE} || exit 1
mkdir -p -m 0700 ${HOST_STATE} &&
printf '%s\n' "$bm_declared" >${DECLARED_USERS_FILE}.new && mv -f ${DECLARED_USERS_FILE}.new ${DECLARED_USERS_FILE}`,
  };
}
