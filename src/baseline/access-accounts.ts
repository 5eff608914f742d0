import { DECLARED_USERS_FILE } from "./account-resources.ts";

/**
 * How an access change keeps accounts and their keys, and puts them back. Lines, not whole files: what others did to
 * /etc/passwd meanwhile stays. And a user's files only with that user's power: who rules a directory can lay links in it.
 */

/** Single-quotes text for sh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** By setpriv rather than su where it is: it asks neither PAM nor the account's shell, and works early in a boot. */
const AS_USER = String.raw`# $1 user, $2 shell text; the user's home is in $BM_HOME. A home that does not answer holds nothing up for long.
as_user() {
  if command -v setpriv >/dev/null 2>&1; then
    timeout -k 1 10 setpriv --reuid "$1" --regid "$(id -g "$1")" --clear-groups /bin/sh -c "$2"
  else
    timeout -k 1 10 su -s /bin/sh "$1" -c "$2"
  fi
}`;

/** Into backup/users, backup/accounts and backup/keys; root's keys become one of backup/paths. In ACCESS_DIRECTORY. */
export function keepAccounts(users: readonly string[]): string {
  return String.raw`${AS_USER}
{ printf '%s\n' ${users.map(quoted).join(" ")}; cat ${DECLARED_USERS_FILE} 2>/dev/null; } | sort -u >backup/users &&
mkdir -p backup/accounts backup/keys || exit 1
for table in passwd shadow group gshadow; do
  [ ! -e "/etc/$table" ] || cp -p "/etc/$table" backup/accounts/ || { echo "cannot keep a copy of /etc/$table" >&2; exit 1; }
done
while IFS= read -r user; do
  BM_HOME=$(getent passwd "$user" | cut -d: -f6)
  [ -n "$BM_HOME" ] || continue
  export BM_HOME
  if [ "$user" = root ]; then printf '%s\n' "$BM_HOME/.ssh/authorized_keys" >>backup/paths || exit 1; continue; fi
  # Below 1 MiB: the disk is not the user's to fill.
  as_user "$user" 'cd "$BM_HOME" 2>/dev/null || exit 0
    [ -n "$(find .ssh/authorized_keys -prune \( -type l -o -type f -readable -size -2048 \) 2>/dev/null)" ] || exit 0
    tar -cf - .ssh/authorized_keys' >"backup/keys/$user" </dev/null ||
    { echo "cannot keep a copy of the keys of $user" >&2; exit 1; }
  [ -s "backup/keys/$user" ] || rm -f "backup/keys/$user"
done <backup/users || exit 1`;
}

/** What backup/users names goes back to what it was. Who was not there before stays, without keys, password and groups. */
export const RESTORE_ACCOUNTS = String.raw`${AS_USER}
# $1 table, $2 awk program: its files are the users, the table as it was and the table as it is.
rewrite() {
  [ -e "backup/accounts/$1" ] && [ -e "/etc/$1" ] || return 0
  cp -p "/etc/$1" "/etc/$1.bootmachine-restore" &&
  awk -F: -v OFS=: "$2" backup/users "backup/accounts/$1" "/etc/$1" >"/etc/$1.bootmachine-restore" || { problem "cannot make the old /etc/$1"; return; }
  if cmp -s "/etc/$1" "/etc/$1.bootmachine-restore"; then rm -f "/etc/$1.bootmachine-restore"; return; fi
  mv -f "/etc/$1.bootmachine-restore" "/etc/$1" || problem "cannot put /etc/$1 back"
}
if [ -e backup/users ]; then
  # Where the number of a user or of a first group was changed, the files in the home have been given the new one.
  awk -F: 'FILENAME == ARGV[1] { users[$1]; next }
    FILENAME == ARGV[2] { if ($1 in users) { uid[$1] = $3; gid[$1] = $4 } next }
    ($1 in uid) && $6 ~ /^\/./ && ($3 != uid[$1] || $4 != gid[$1]) { print $3, uid[$1], $4, gid[$1], $6 }' \
    backup/users backup/accounts/passwd /etc/passwd >renumbered || problem "cannot compare the accounts with those of then"
  while read -r uid_now uid_then gid_now gid_then home; do
    [ "$uid_now" = "$uid_then" ] || find "$home" -xdev -uid "$uid_now" -execdir chown -h "$uid_then" {} + || problem "cannot give $home back to its user"
    [ "$gid_now" = "$gid_then" ] || find "$home" -xdev -gid "$gid_now" -execdir chgrp -h "$gid_then" {} + || problem "cannot give $home back to its group"
  done <renumbered
  rm -f renumbered
  rewrite passwd 'FILENAME == ARGV[1] { users[$1]; next }
    FILENAME == ARGV[2] { if ($1 in users) old[$1] = $0; next }
    { print (($1 in old) ? old[$1] : $0) }'
  rewrite shadow 'FILENAME == ARGV[1] { users[$1]; next }
    FILENAME == ARGV[2] { if ($1 in users) old[$1] = $0; next }
    ($1 in old) { print old[$1]; next }
    ($1 in users) { $2 = "*" }
    { print }'
  for table in group gshadow; do
    rewrite "$table" 'FILENAME == ARGV[1] { users[$1]; next }
      FILENAME == ARGV[2] { n = split($4, member, ","); for (i = 1; i <= n; i++) was[$1 " " member[i]]; next }
      NF >= 4 {
        n = split($4, member, ","); list = ""; found = " "
        for (i = 1; i <= n; i++) {
          if ((member[i] in users) && !(($1 " " member[i]) in was)) continue
          list = list (list == "" ? "" : ",") member[i]; found = found member[i] " "
        }
        for (user in users) if ((($1 " " user) in was) && !index(found, " " user " ")) list = list (list == "" ? "" : ",") user
        if (list != $4) $4 = list
      }
      { print }'
  done
  while IFS= read -r user; do
    BM_HOME=$(getent passwd "$user" | cut -d: -f6)
    [ "$user" != root ] && [ -n "$BM_HOME" ] || continue
    export BM_HOME
    if [ -e "backup/keys/$user" ]; then
      as_user "$user" 'cd "$BM_HOME" || exit; tar -df - >/dev/null 2>&1' <"backup/keys/$user" ||
        as_user "$user" 'cd "$BM_HOME" && rm -f .ssh/authorized_keys && tar -xpf -' <"backup/keys/$user" || problem "cannot put the keys of $user back"
    else
      as_user "$user" 'cd "$BM_HOME" 2>/dev/null && [ -d .ssh ] || exit 0; rm -f .ssh/authorized_keys' </dev/null || problem "cannot take the keys of $user away"
    fi
  done <backup/users
fi`;
