import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { GroupResource, UserResource } from "../resource.ts";
import { sh } from "../sh.ts";

/** The host's own accounts, read from /etc/passwd and /etc/group once and looked up without a process. */
export const ACCOUNT_FUNCTIONS = {
  p_accounts: sh`
p_accounts() {
  if [ -n "$p_fresh" ] && [ -n "\${p_passwd-}" ]; then return 0; fi
  p_passwd=$(cat /etc/passwd)
  p_groups=$(cat /etc/group)
}
`,
  p_account: sh`
# $1 user. Sets p_uid p_gid p_full_name p_home p_shell; exit 1 where there is no such user.
p_account() {
  p_accounts
  p_entry "$1" "$p_passwd" || return
  IFS=:
  set -f
  set -- $p_hit
  set +f
  IFS=$p_ifs
  p_uid=$3 p_gid=$4 p_full_name=\${5%%,*} p_home=$6 p_shell=\${7-}
}
`,
  p_group_entry: sh`
# $1 group. Sets p_group_gid and p_members (",ada,bob,"); exit 1 where there is no such group.
p_group_entry() {
  p_accounts
  p_group_gid= p_members=
  p_entry "$1" "$p_groups" || return
  p_members=,\${p_hit##*:},
  p_hit=\${p_hit%:*}
  p_group_gid=\${p_hit##*:}
}
`,
  p_is_member: sh`
# $1 user (looked up by p_account before), $2 group.
p_is_member() {
  p_group_entry "$2" || return
  [ "$p_group_gid" != "$p_gid" ] || return 0
  case $p_members in *",$1,"*) return 0 ;; esac
  return 1
}
`,
} as const;

export const GROUP_FUNCTIONS = {
  p_group_check: sh`
# $1 name, $2 gid or "".
p_group_check() {
  if ! p_group_entry "$1"; then p_diff_line "+group $1\${2:+ (gid $2)}"; return 1; fi
  if [ -z "$2" ] || [ "$2" = "$p_group_gid" ]; then return 0; fi
  p_diff_line "-gid $p_group_gid" "+gid $2"
  return 1
}
`,
  p_group_absent_check: sh`
p_group_absent_check() {
  p_group_entry "$1" || return 0
  p_diff_line "-group $1"
  return 1
}
`,
} as const;

export const USER_FUNCTIONS = {
  p_user_check: sh`
# $1 name, $2 uid, $3 primary group, $4 shell, $5 home, $6 full name, each "" where it does not matter, $7 groups,
# $8 the operation that tells whether the password is as wanted.
p_user_check() {
  if ! p_account "$1"; then p_diff_line "+user $1"; return 1; fi
  p_status=0
  p_user_field uid "$p_uid" "$2"
  if [ -n "$3" ]; then
    p_group_entry "$3"
    [ "$p_group_gid" = "$p_gid" ] || { p_diff_line "-primary group of gid $p_gid" "+primary group $3"; p_status=1; }
  fi
  p_user_field shell "$p_shell" "$4"
  p_user_field home "$p_home" "$5"
  p_user_field 'full name' "$p_full_name" "$6"
  for p_name in $7; do
    p_is_member "$1" "$p_name" || { p_diff_line "+in group $p_name"; p_status=1; }
  done
  ("$8" "$1") >/dev/null 2>&1 || { p_diff_line '+password (not shown), or its lock'; p_status=1; }
  return "$p_status"
}
`,
  p_user_field: sh`
p_user_field() {
  if [ -z "$3" ] || [ "$2" = "$3" ]; then return 0; fi
  p_diff_line "-$1 $2" "+$1 $3"
  p_status=1
}
`,
  p_user_absent_check: sh`
p_user_absent_check() {
  p_account "$1" || return 0
  p_diff_line "-user $1"
  return 1
}
`,
} as const;

export const ACCOUNT_MENDING_FUNCTIONS = {
  p_group_mend: sh`
# $1 name, $2 gid or "", $3 1 for a system group.
p_group_mend() {
  if p_group_entry "$1"; then op_groupChange "$1" "$2"; else op_groupAdd "$1" "$2" "$3"; fi
}
`,
  p_user_mend: sh`
# As p_user_check, and $9 the operation that sets the password or locks it. What is as wanted is left alone.
p_user_mend() {
  BM_NAME=$1 BM_UID=$2 BM_PRIMARY=$3 BM_SHELL=$4 BM_HOME=$5 BM_FULL_NAME=$6
  if p_account "$1"; then
    [ "$BM_UID" != "$p_uid" ] || BM_UID=
    if [ -n "$BM_PRIMARY" ] && p_group_entry "$BM_PRIMARY" && [ "$p_group_gid" = "$p_gid" ]; then BM_PRIMARY=; fi
    [ "$BM_SHELL" != "$p_shell" ] || BM_SHELL=
    [ "$BM_HOME" != "$p_home" ] || BM_HOME=
    [ "$BM_FULL_NAME" != "$p_full_name" ] || BM_FULL_NAME=
    if [ -n "$BM_UID$BM_PRIMARY$BM_SHELL$BM_HOME$BM_FULL_NAME" ]; then (op_userChange) || return; fi
  else
    (op_userAdd) || return
  fi
  p_fresh=
  p_account "$1" || { echo "user $1 was made, and is not in /etc/passwd" >&2; return 1; }
  for p_name in $7; do
    p_is_member "$1" "$p_name" || (op_userAddToGroup "$1" "$p_name") || return
  done
  ("$8" "$1") >/dev/null 2>&1 || ("$9" "$1")
}
`,
} as const;

export function compileGroup(resource: GroupResource, context: CompileContext): CompiledResource {
  const name = quote(resource.name);
  if (resource.state === "absent") {
    return {
      check: [`p_group_absent_check ${name}`],
      mend: [`${context.operation("groupRemove")} ${name}`],
    };
  }
  context.operation("groupAdd");
  context.operation("groupChange");
  const gid = resource.gid === undefined ? "''" : String(resource.gid);
  return {
    check: [`p_group_check ${name} ${gid}`],
    mend: [`p_group_mend ${name} ${gid} ${resource.system === true ? "1" : "''"}`],
  };
}

export function compileUser(resource: UserResource, context: CompileContext): CompiledResource {
  const name = quote(resource.name);
  if (resource.state === "absent") {
    return {
      check: [`p_user_absent_check ${name}`],
      mend: [`${context.operation("userRemove")} ${name}`],
    };
  }
  for (const operation of ["userAdd", "userChange", "userAddToGroup"] as const) {
    context.operation(operation);
  }
  const { passwordHash } = resource;
  const [isAsWanted, set] =
    passwordHash === undefined
      ? (["userPasswordIsLocked", "userPasswordLock"] as const)
      : (["userPasswordHashIs", "userPasswordSetHash"] as const);
  const words = [
    name,
    resource.uid === undefined ? "''" : String(resource.uid),
    quote(resource.primaryGroup ?? ""),
    quote(resource.shell ?? ""),
    quote(resource.home ?? ""),
    quote(resource.fullName ?? ""),
    quote((resource.groups ?? []).join(" ")),
    context.operation(isAsWanted),
  ].join(" ");
  // Not exported: the hash reaches the operation, and neither an argument list nor an environment.
  const secret = passwordHash === undefined ? [] : [`BM_SECRET=${quote(passwordHash)}`];
  return {
    check: [...secret, `p_user_check ${words}`],
    mend: [...secret, `p_user_mend ${words} ${context.operation(set)}`],
  };
}
