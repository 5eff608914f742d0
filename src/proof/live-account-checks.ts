import type { BaselineContext } from "../baseline/context.ts";
import { type LiveCheck, nothingFound } from "./live-check.ts";
import { quote } from "../program/quote.ts";

/** Locked is what no password can match: "!" or "*" first. A declared hash is the baseline's own business. */
export function usersPasswordLocked({ stack }: BaselineContext): LiveCheck {
  const names = stack.users.filter(({ passwordHash }) => passwordHash === undefined);
  return {
    check: "users-password-locked",
    sh: nothingFound(
      String.raw`awk -F: -v names=${quote(names.map(({ name }) => name).join(" "))} '
  BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) wanted[list[i]] = 1 }
  ($1 in wanted) && $2 !~ /^[!*]/ { print ($2 == "" ? "+ " $1 " has an empty password" : "+ " $1 " has a password") }' /etc/shadow`,
    ),
  };
}

export function noEmptyPassword(): LiveCheck {
  return {
    check: "accounts-no-empty-password",
    sh: nothingFound(
      String.raw`awk -F: '$2 == "" { print "+ " $1 " has an empty password in " FILENAME }' /etc/passwd /etc/shadow`,
    ),
  };
}

export function rootOnlyUid0(): LiveCheck {
  return {
    check: "accounts-root-only-uid-0",
    sh: nothingFound(
      String.raw`awk -F: '$3 == 0 && $1 != "root" { print "+ " $1 " has uid 0" }' /etc/passwd`,
    ),
  };
}

/** Accounts that nobody declared and that have keys, or a password that works, and a shell. */
export function undeclaredLogin({ stack }: BaselineContext): LiveCheck {
  return {
    check: "accounts-undeclared-login",
    sh: nothingFound(String.raw`awk -F: -v names=${quote(stack.users.map(({ name }) => name).join(" "))} '
  BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) declared[list[i]] = 1; declared["root"] = 1 }
  FNR == NR { usable[$1] = ($2 !~ /^[!*]/); next }
  !($1 in declared) && $7 !~ /(nologin|false|sync|shutdown|halt)$/ { print $1 ":" (usable[$1] ? "password" : "") ":" $6 }' /etc/shadow /etc/passwd |
while IFS=: read -r bm_user bm_password bm_home; do
  [ -z "$bm_password" ] || echo "+ $bm_user has a password"
  [ "${"$"}{bm_home:-/}" = / ] || ! [ -s "$bm_home/.ssh/authorized_keys" ] || echo "+ $bm_user has authorized keys"
done`),
  };
}

export function accountFilesPermissions(): LiveCheck {
  return {
    check: "account-files-permissions",
    sh: nothingFound(String.raw`stat -c '%a %U %n' /etc/passwd /etc/group /etc/shadow /etc/gshadow 2>/dev/null | awk '
  { others = substr($1, length($1), 1); group = substr($1, length($1) - 1, 1) }
  $2 != "root" { print "+ " $3 " belongs to " $2 }
  others ~ /[2367]/ || group ~ /[2367]/ { print "+ " $3 " can be written to by others: " $1 }
  $3 ~ /shadow$/ && others != 0 { print "+ " $3 " can be read by others: " $1 }'`),
  };
}

/**
 * Every rule of sudoers that is not declared, and every member of the admin group that is not.
 * Reads the files as sudo does: names with a dot or ending in "~" do not count.
 */
export function noOtherSudoRules(
  { stack, distro }: BaselineContext,
  declaredFiles: readonly string[],
): LiveCheck {
  const group = distro.baseline.adminGroup;
  const admins = stack.users.filter(({ sudo, groups }) => sudo !== "no" || groups.includes(group));
  return {
    check: "sudo-no-other-rules",
    sh: nothingFound(String.raw`for bm_file in /etc/sudoers /etc/sudoers.d/*; do
  bm_name=${"$"}{bm_file##*/}
  case $bm_name in *.*|*~) continue ;; esac
  case " ${declaredFiles.join(" ")} " in *" $bm_name "*) continue ;; esac
  [ -f "$bm_file" ] || continue
  awk -v file="$bm_file" -v group=${quote(`%${group}`)} '
    { line = line $0 }
    /\\$/ { sub(/\\$/, "", line); next }
    {
      text = line; line = ""
      gsub(/[[:space:]]+/, " ", text); gsub(/^ | $/, "", text); gsub(/ ?= ?/, "=", text); gsub(/ ?: ?/, ":", text)
      if (text == "" || (text ~ /^#/ && text !~ /^#[0-9]/ && text !~ /^#include/)) next
      if (text ~ /^[@#]includedir \/etc\/sudoers\.d$/) next
      if (text ~ /^(User|Runas|Host|Cmnd|Cmd)_Alias /) next
      if (text ~ /^Defaults/ && text !~ /!authenticate/) next
      if (text == "root ALL=(ALL:ALL) ALL" || text == "root ALL=(ALL) ALL") next
      if (text == group " ALL=(ALL:ALL) ALL" || text == group " ALL=(ALL) ALL") next
      print "+ " file ": " text
    }' "$bm_file"
done
awk -F: -v group=${quote(group)} -v admins=${quote(admins.map(({ name }) => name).join(" "))} '
  BEGIN { n = split(admins, list, " "); for (i = 1; i <= n; i++) declared[list[i]] = 1; declared["root"] = 1 }
  FNR == NR { if ($1 == group) { gid = $3; m = split($4, member, ","); for (i = 1; i <= m; i++) if (!(member[i] in declared)) print "+ " member[i] " is in the group " group }; next }
  gid != "" && $4 == gid && !($1 in declared) { print "+ " $1 " has the primary group " group }' /etc/group /etc/passwd`),
    onlyIf: "command -v sudo >/dev/null",
    skipReason: "there is no sudo here",
  };
}
