import { sh } from "../sh.ts";

/** What puts files, directories and links in place; file-functions.ts says where root writes and where it does not. */
export const FILE_MENDING_FUNCTIONS = {
  p_parent: sh`
# Sets p_directory to the directory of $1, which must be there.
p_parent() {
  p_directory=\${1%/*}
  p_directory=\${p_directory:-/}
  [ -d "$p_directory" ] || { echo "the directory $p_directory does not exist" >&2; return 1; }
}
`,
  p_is_trusted: sh`
# $1 a directory: exit 0 where root alone decides what the names in it, and on the way to it, mean. Else p_unsafe is the
# directory that somebody else rules, and p_ruler who that is. Looked at are the way as it is named and the way without
# links: a link in a user's directory may name one of root's. A link in root's own directory leads where root meant.
p_is_trusted() {
  p_unsafe=$1 p_ruler=nobody
  p_real=$(cd -P "$1" && pwd -P) || return 1
  p_at=$1
  set -- "$p_real" "$1"
  while [ "$p_at" != / ]; do
    p_at=\${p_at%/*}
    p_at=\${p_at:-/}
    set -- "$@" "$p_at"
  done
  p_at=$p_real
  while [ "$p_at" != / ]; do
    p_at=\${p_at%/*}
    p_at=\${p_at:-/}
    set -- "$@" "$p_at"
  done
  IFS=$p_nl
  set -f
  set -- $(p_stat "$@")
  set +f
  IFS=$p_ifs
  for p_hit do
    p_read_stat "$p_hit"
    p_unsafe=\${p_hit#*"|"*"|"*"|"*"|"}
    p_ruler=$p_owner
    case $p_kind in
    symlink) continue ;;
    directory) ;;
    *) return 1 ;;
    esac
    [ "$p_owner" = root ] || return 1
    case $p_perm in
    [1357]???) ;;
    *[2367]) p_ruler=everybody; return 1 ;;
    esac
  done
}
`,
  p_is_writable_by: sh`
# $1 owner: exit 0 where root may write into p_directory, 1 where the owner's own power must do it, 2 where neither may.
p_is_writable_by() {
  if p_is_trusted "$p_directory"; then return 0; fi
  if [ "$p_ruler" = "$1" ] && [ "$1" != root ]; then return 1; fi
  echo "$p_unsafe is ruled by $p_ruler: root writes nothing there that belongs to $1" >&2
  return 2
}
`,
  p_file_mend: sh`
# $1 path, $2 mode, $3 owner, $4 group or "", $5 content function, $6 validation text or "", $7 "secret" or "".
# The file is made beside the old one, whole and valid, and takes its place in one step.
p_file_mend() {
  p_parent "$1" || return
  p_is_writable_by "$3"
  case $? in
  0) ;;
  1) p_file_mend_as_owner "$@"; return ;;
  *) return 1 ;;
  esac
  # What a run that was killed here has left.
  rm -f "$p_directory"/.bootmachine.??????
  p_new=$(mktemp "$p_directory/.bootmachine.XXXXXX") || return
  "$5" >"$p_new" && chown "$3:$4" "$p_new" && chmod "$2" "$p_new"
  p_status=$?
  if [ "$p_status" -eq 0 ]; then
    p_validate "$6" "$p_new" "$7"
    p_status=$?
  fi
  if [ "$p_status" -eq 0 ]; then
    p_put_in_place "$p_new" "$1"
    p_status=$?
  fi
  [ "$p_status" -eq 0 ] || rm -f "$p_new"
  return "$p_status"
}
`,
  p_put_in_place: sh`
# $1 the new file, $2 the path that it gets.
p_put_in_place() {
  # mv would move into a directory that a link names.
  if [ -L "$2" ] && [ -d "$2" ]; then rm -f "$2" || return; fi
  mv -f "$1" "$2" || return
  if command -v restorecon >/dev/null 2>&1; then restorecon "$2" || :; fi
}
`,
  p_validate: sh`
# $1 shell text that gets the file as its $1, or "", $2 the file, $3 "secret" or "".
p_validate() {
  [ -n "$1" ] || return 0
  if [ -n "$3" ]; then
    (p_candidate=$1; shift; set +u; eval "$p_candidate") >/dev/null 2>&1
  else
    (p_candidate=$1; shift; set +u; eval "$p_candidate")
  fi
  p_status=$?
  [ "$p_status" -eq 0 ] || echo "the new content is not valid (exit status $p_status); the file was left as it is" >&2
  return "$p_status"
}
`,
  p_file_mend_as_owner: sh`
# As p_file_mend, with the power of the owner $3 alone.
p_file_mend_as_owner() {
  if [ -n "$6" ]; then
    mkdir -p -m 0700 "$p_state" && rm -rf "$p_state"/scratch.* && p_new=$(mktemp "$p_state/scratch.XXXXXX") || return
    "$5" >"$p_new"
    p_validate "$6" "$p_new" "$7"
    p_status=$?
    rm -f "$p_new"
    [ "$p_status" -eq 0 ] || return "$p_status"
  fi
  P_DIRECTORY=$p_directory P_NAME=\${1##*/} P_MODE=$2 P_GROUP=$4
  export P_DIRECTORY P_NAME P_MODE P_GROUP
  "$5" | p_as "$3" '
    umask 077
    cd "$P_DIRECTORY" || exit
    rm -f ./.bootmachine.??????
    new=$(mktemp ./.bootmachine.XXXXXX) || exit
    if [ -L "$P_NAME" ] && [ -d "$P_NAME" ]; then rm -f "./$P_NAME"; fi
    if cat >"$new" && { [ -z "$P_GROUP" ] || chgrp "$P_GROUP" "$new"; } && chmod "$P_MODE" "$new" && mv -f "$new" "./$P_NAME"
    then exit 0; fi
    rm -f "$new"
    exit 1'
}
`,
  p_absent_mend: sh`
# $1 path, $2 kind.
p_absent_mend() {
  p_parent "$1" || return
  # The last step of a path is not followed by either of the two; the way to it must be root's as well.
  P_PATH=$1
  P_REMOVE='rm -f "$P_PATH"'
  if [ "$2" = directory ] && ! [ -L "$1" ]; then P_REMOVE='rmdir "$P_PATH"'; fi
  export P_PATH
  if p_is_trusted "$p_directory"; then
    eval "$P_REMOVE"
  elif [ "$p_ruler" != everybody ]; then
    p_as "$p_ruler" "$P_REMOVE"
  else
    echo "$p_unsafe is ruled by everybody: root removes nothing there" >&2
    return 1
  fi
}
`,
  p_directory_mend: sh`
# $1 path, $2 mode, $3 owner, $4 group or "".
p_directory_mend() {
  p_parent "$1" || return
  p_is_writable_by "$3"
  case $? in
  0)
    [ -d "$1" ] || mkdir -m 0700 "$1" || return
    chown "$3:$4" "$1" && chmod "$2" "$1"
    ;;
  1)
    P_PATH=$1 P_MODE=$2 P_GROUP=$4
    export P_PATH P_MODE P_GROUP
    p_as "$3" '[ -d "$P_PATH" ] || mkdir -m 0700 "$P_PATH" || exit
      { [ -z "$P_GROUP" ] || chgrp "$P_GROUP" "$P_PATH"; } && chmod "$P_MODE" "$P_PATH"'
    ;;
  *) return 1 ;;
  esac
}
`,
  p_symlink_mend: sh`
# $1 path, $2 target.
p_symlink_mend() {
  p_parent "$1" || return
  p_is_writable_by root || return 1
  # A link cannot be made in place of another in one step everywhere; a directory in the way was refused before.
  rm -f "$1.bootmachine-new"
  ln -s "$2" "$1.bootmachine-new" || return
  if [ -L "$1" ] && [ -d "$1" ]; then rm -f "$1"; fi
  mv -f "$1.bootmachine-new" "$1"
}
`,
} as const;

/** Runs shell text with the power of a user, whatever login shell that user has. What it needs is exported. */
export function asUserFunction(kernelName: string): string {
  const body =
    kernelName === "Linux"
      ? `su -s /bin/sh "$1" -c "$2"`
      : `P_SCRIPT=$2; export P_SCRIPT; su -m "$1" -c 'exec /bin/sh -c "$P_SCRIPT"'`;
  return `# $1 user, $2 shell text. Asks for no password: we are root.\np_as() { ${body}; }`;
}
