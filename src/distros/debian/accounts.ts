import type { DistroOperations } from "../contract.ts";

type AccountOperations = Pick<
  DistroOperations,
  | "groupAdd"
  | "groupChange"
  | "groupRemove"
  | "userAdd"
  | "userChange"
  | "userRemove"
  | "userAddToGroup"
  | "userPasswordIsLocked"
  | "userPasswordLock"
  | "userPasswordHashIs"
  | "userPasswordSetHash"
>;

/** Sets bm_hash to the second field of the user's line in /etc/shadow; fails where there is none. */
const READ_HASH = String.raw`bm_hash= bm_found=1
while IFS=: read -r bm_name bm_field bm_rest; do
  if [ "$bm_name" = "$1" ]; then bm_hash=$bm_field bm_found=0; break; fi
done </etc/shadow
[ "$bm_found" -eq 0 ] || return 1`;

/** Groups and users by the shadow tools. */
export function accountOperations(): AccountOperations {
  return {
    groupAdd: {
      sh: String.raw`bm_group=$1 bm_gid=$2 bm_system=$3
set --
[ "$bm_system" != 1 ] || set -- "$@" --system
[ -z "$bm_gid" ] || set -- "$@" --gid "$bm_gid"
groupadd "$@" -- "$bm_group"`,
    },
    groupChange: { sh: `groupmod --gid "$2" -- "$1"` },
    groupRemove: { sh: `groupdel -- "$1"` },
    userAdd: {
      sh: String.raw`bm_shell=$BM_SHELL
if [ -z "$bm_shell" ]; then
  bm_shell=/bin/sh
  [ ! -x /bin/bash ] || bm_shell=/bin/bash
fi
set -- --create-home --shell "$bm_shell" --password '*'
[ -z "$BM_UID" ] || set -- "$@" --uid "$BM_UID"
[ -z "$BM_HOME" ] || set -- "$@" --home-dir "$BM_HOME"
[ -z "$BM_FULL_NAME" ] || set -- "$@" --comment "$BM_FULL_NAME"
if [ -n "$BM_PRIMARY" ]; then
  set -- "$@" --gid "$BM_PRIMARY"
elif getent group "$BM_NAME" >/dev/null; then
  set -- "$@" --gid "$BM_NAME"
else
  set -- "$@" --user-group
fi
useradd "$@" -- "$BM_NAME"`,
    },
    userChange: {
      sh: String.raw`set --
[ -z "$BM_UID" ] || set -- "$@" --uid "$BM_UID"
[ -z "$BM_PRIMARY" ] || set -- "$@" --gid "$BM_PRIMARY"
[ -z "$BM_SHELL" ] || set -- "$@" --shell "$BM_SHELL"
[ -z "$BM_FULL_NAME" ] || set -- "$@" --comment "$BM_FULL_NAME"
if [ -n "$BM_HOME" ] && [ "$(getent passwd "$BM_NAME" | cut -d: -f6)" != "$BM_HOME" ]; then
  set -- "$@" --home "$BM_HOME" --move-home
fi
[ $# -eq 0 ] || usermod "$@" -- "$BM_NAME"`,
    },
    userRemove: { sh: `userdel -- "$1"` },
    userAddToGroup: { sh: `usermod --append --groups "$2" -- "$1"` },
    // "!" and "*" both mean that no password fits; an empty field would mean that none is asked for.
    userPasswordIsLocked: {
      sh: `${READ_HASH}
case $bm_hash in '!'*|'*'*) return 0 ;; esac
return 1`,
    },
    // "*" and not "!": sshd without PAM takes "!" for a locked account and refuses its keys too.
    userPasswordLock: { sh: `usermod --password '*' -- "$1"` },
    userPasswordHashIs: { sh: `${READ_HASH}\n[ "$bm_hash" = "$BM_SECRET" ]` },
    // The hash goes in by a here-document, never by an argument list: printf is a program of its own in some shells (mksh).
    userPasswordSetHash: {
      sh: `chpasswd --encrypted <<BOOTMACHINE_END\n$1:$BM_SECRET\nBOOTMACHINE_END`,
    },
  };
}
