#!/bin/sh
# bootmachine: shop web1: accounts
#
# Looks at what this host should be like, and mends what differs. 7 resources, each with a comment below.
# It is generated from the stack's config: change that, not this. It may hold secrets: keep it mode 0600.
# Each line of its report begins with "bm1". It reads no standard input, and may be run by hand, again and again:
#
#     sh THIS_FILE | less

set -u
unset CDPATH ENV
IFS=' 	
'
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset LANGUAGE
umask 077

p_ifs=$IFS
p_nl='
'
p_state=/var/lib/bootmachine
p_pending=$p_state/pending
# Set from the first failure on.
p_failed=
# Set once somebody asked the program to end: the file that BM_STOP names is there.
p_stopped=
p_reason=
p_all_packages=
# Set while nothing was changed: what was looked up at the beginning still holds.
p_fresh=yes
# Shell variables of p_read that hold what was read, each between blanks.
p_reads=' '
# Follows the last line of a command's output; no command can know it.
p_mark="bm-end-$$-$(date +%s)"

if [ -n "${KSH_VERSION-}" ]; then
  # mksh has no printf of its own, and an external one would show its words in the process list.
  p_line() { print -r -- "$1"; }
  p_text() { print -nr -- "$1"; }
else
  p_line() { printf '%s\n' "$1"; }
  p_text() { printf '%s' "$1"; }
fi

# Sets p_ms to a time in milliseconds that only counts against another one. /proc/uptime needs no process.
p_now() {
  if [ -r /proc/uptime ]; then
    read -r p_up p_idle </proc/uptime
    p_ms=$((${p_up%.*} * 1000 + (1${p_up#*.} - 100) * 10))
  else
    p_ms=$(($(date +%s) * 1000))
  fi
}

# $1 id
p_start() {
  p_now
  p_began=$p_ms
  p_line "bm1 start $1"
}

# $1 status, $2 exit status or nothing. A reason that was found goes before it.
p_done() {
  p_now
  [ -z "$p_reason" ] || p_line "bm1 reason $p_reason"
  if [ -n "${2-}" ]; then
    p_line "bm1 done $1 exit $2 $((p_ms - p_began)) ms"
  else
    p_line "bm1 done $1 $((p_ms - p_began)) ms"
  fi
}

# $1 exit status. What is known of the cause stands in p_reason, or was printed before.
p_fail() {
  [ -z "$p_reason" ] || p_line "bm1 detail $p_reason"
  p_reason=
  p_failed=yes
  p_done failed "$1"
}

# Runs "$@" apart, and shows what it prints while it prints it. A process that it leaves behind is not waited for: the
# mark ends the output, not the last one to close it.
p_live() {
  {
    (umask 022; "$@")
    p_status=$?
    p_line ''
    p_line "$p_mark $p_status"
  } 2>&1 | p_relay
}

# The reader of p_live; its exit status is the command's. Blank lines at the end are left out.
p_relay() {
  p_blank=0
  while IFS= read -r p_said || [ -n "$p_said" ]; do
    case $p_said in
    '')
      p_blank=$((p_blank + 1))
      ;;
    "$p_mark "*)
      return "${p_said##* }"
      ;;
    *)
      while [ "$p_blank" -gt 0 ]; do
        p_line 'bm1 output '
        p_blank=$((p_blank - 1))
      done
      p_line "bm1 output $p_said"
      ;;
    esac
  done
  p_line 'bm1 output (the command was killed)'
  return 255
}

# GNU and busybox.
p_stat() { stat -c '%F|%a|%U|%G|%n' "$@" 2>/dev/null; }

p_diff_line() { :; }

p_diff_content() { :; }

# $1 id, $2 its check, $3 what mends it, $4 what notes its triggers, or nothing.
p_apply_resource() {
  p_start "$1"
  p_reason=
  p_exit=1
  if [ -n "$p_failed" ]; then
    p_reason='after a failure'
    p_done skipped
    return
  fi
  if [ -n "$p_stopped" ] || [ -e "${BM_STOP:-/dev/null/none}" ]; then
    p_stopped=yes
    p_reason='the run was cancelled'
    p_done skipped
    return
  fi
  "$2"
  p_status=$?
  case $p_status in
  0) p_done ok; return ;;
  1) ;;
  2) p_done skipped; return ;;
  *) p_fail "$p_exit"; return ;;
  esac
  if [ -n "${4-}" ]; then
    # Before the change: a run that is killed right after it must not lose the trigger.
    p_live "$4"
    p_status=$?
    if [ "$p_status" -ne 0 ]; then p_fail "$p_status"; return; fi
  fi
  p_live "$3"
  p_status=$?
  p_fresh=
  if [ "$p_status" -eq 0 ]; then p_done changed; else p_fail "$p_status"; fi
}

# Runs what is noted, in order, up to the first that fails, or until the program is to end; the others stay noted.
p_run_pending() {
  for p_file in "$p_pending"/*; do
    [ -f "$p_file" ] || continue
    if [ -e "${BM_STOP:-/dev/null/none}" ]; then return; fi
    p_read_label "$p_file"
    p_start "trigger: $p_label"
    p_live sh "$p_file"
    p_status=$?
    if [ "$p_status" -eq 0 ]; then
      rm -f "$p_file"
      p_line "bm1 trigger ok $p_label"
    else
      p_reason=
      p_fail "$p_status"
      p_line "bm1 trigger failed $p_label"
      return
    fi
  done
}

# Sets p_hit to the first line of $2 that begins with "$1:"; exit 1 where there is none. Line by line: cutting up to a match
# out of a long text takes a shell a time that grows with its square.
p_entry() {
  IFS=$p_nl
  set -f
  for p_hit in $2; do
    case $p_hit in
    "$1:"*)
      set +f
      IFS=$p_ifs
      return 0
      ;;
    esac
  done
  set +f
  IFS=$p_ifs
  return 1
}

# The first line of a noted trigger says in words what it does.
p_read_label() {
  IFS= read -r p_label <"$1" || p_label='# ?'
  p_label=${p_label#'# '}
}

# Looks at all the paths of the program at once, so that a check of one needs no process. What is found of the path with
# number N stands in p_seen_N (KIND|MODE|OWNER|GROUP|PATH) and, of a file, in p_sum_N (SHA-256). Lists and paths are in the
# same order, and a list lacks what is not there.
p_look() {
  p_rest=$(p_stat "$@")$p_nl
  p_number=0
  p_regular=
  for p_path do
    shift
    p_number=$((p_number + 1))
    p_first=${p_rest%%"$p_nl"*}
    p_name=${p_first#*"|"*"|"*"|"*"|"}
    if [ -z "$p_first" ] || [ "$p_name" != "$p_path" ]; then p_first= p_name=; fi
    eval "p_seen_$p_number=\$p_first p_sum_$p_number="
    [ -n "$p_first" ] || continue
    p_rest=${p_rest#"$p_first$p_nl"}
    # Only regular files: a pipe would never end.
    case $p_first in
    [Rr]egular*)
      set -- "$@" "$p_path"
      p_regular="$p_regular $p_number"
      ;;
    esac
  done
  if [ $# -eq 0 ] || ! command -v sha256sum >/dev/null 2>&1; then return 0; fi
  p_rest=$(sha256sum "$@" 2>/dev/null)$p_nl
  for p_number in $p_regular; do
    p_first=${p_rest%%"$p_nl"*}
    [ "${p_first#*"  "}" = "$1" ] || break
    p_rest=${p_rest#"$p_first$p_nl"}
    p_first=${p_first%% *}
    eval "p_sum_$p_number=\$p_first"
    shift
  done
}

# $1 path: as it was looked at in the beginning (its number is p_slot), or now where something has changed since.
# Sets p_kind (file, directory, symlink, other, missing), p_perm, p_owner and p_group.
p_find() {
  if [ -n "$p_fresh" ]; then eval "p_read_stat \"\$p_seen_$p_slot\""; else p_find_now "$1"; fi
}

p_find_now() { p_read_stat "$(p_stat "$1")"; }

# $1 a line of p_stat, or "" where there is nothing.
p_read_stat() {
  IFS='|'
  set -f
  set -- $1
  set +f
  IFS=$p_ifs
  p_perm=${2-} p_owner=${3-} p_group=${4-}
  while :; do case $p_perm in 0?*) p_perm=${p_perm#0} ;; *) break ;; esac; done
  case ${1-} in
  '') p_kind=missing ;;
  [Rr]egular*) p_kind=file ;;
  [Dd]irectory*) p_kind=directory ;;
  [Ss]ymbolic*) p_kind=symlink ;;
  *) p_kind=other ;;
  esac
}

# $1 path, $2 mode, $3 owner, $4 group or "": exit 0 where they are not as found by p_find.
p_attributes_differ() {
  if [ "$p_perm" = "$2" ] && [ "$p_owner" = "$3" ] && [ "${4:-$p_group}" = "$p_group" ]; then return 1; fi
  p_diff_line "-mode $p_perm, owner $p_owner:$p_group" "+mode $2, owner $3:${4:-$p_group}"
}

# $1 path, $2 SHA-256 of the wanted content, $3 the function that writes it.
p_content_is() {
  if [ -n "$p_fresh" ] && eval "[ \"\$p_sum_$p_slot\" = \"\$2\" ]"; then return 0; fi
  "$3" | cmp -s - "$1"
}

# $1 path, $2 mode, $3 owner, $4 group or "", $5 SHA-256, $6 content function, $7 "secret" or "".
p_file_check() {
  p_find "$1"
  case $p_kind in
  file)
    p_status=0
    if p_attributes_differ "$1" "$2" "$3" "$4"; then p_status=1; fi
    if p_content_is "$1" "$5" "$6"; then return "$p_status"; fi
    if [ -n "$7" ]; then
      p_diff_line '(the content differs; it is secret and not shown)'
    elif [ "$p_owner" = "$3" ]; then
      p_diff_content "$1" "$6"
    else
      # Another one's file could be a second name of something that is nobody's business.
      p_diff_line '(the content differs)'
    fi
    return 1
    ;;
  missing)
    if [ -n "$7" ]; then p_diff_line '+(secret content, not shown)'; else p_diff_content /dev/null "$6"; fi
    return 1
    ;;
  symlink)
    p_diff_line '-a symbolic link' '+a file'
    return 1
    ;;
  *)
    p_reason="$1 is no file (it is: $p_kind), and is left alone"
    return 3
    ;;
  esac
}

p_accounts() {
  if [ -n "$p_fresh" ] && [ -n "${p_passwd-}" ]; then return 0; fi
  p_passwd=$(cat /etc/passwd)
  p_groups=$(cat /etc/group)
}

# $1 user. Sets p_uid p_gid p_full_name p_home p_shell; exit 1 where there is no such user.
p_account() {
  p_accounts
  p_entry "$1" "$p_passwd" || return
  IFS=:
  set -f
  set -- $p_hit
  set +f
  IFS=$p_ifs
  p_uid=$3 p_gid=$4 p_full_name=${5%%,*} p_home=$6 p_shell=${7-}
}

# $1 group. Sets p_group_gid and p_members (",ada,bob,"); exit 1 where there is no such group.
p_group_entry() {
  p_accounts
  p_group_gid= p_members=
  p_entry "$1" "$p_groups" || return
  p_members=,${p_hit##*:},
  p_hit=${p_hit%:*}
  p_group_gid=${p_hit##*:}
}

# $1 user (looked up by p_account before), $2 group.
p_is_member() {
  p_group_entry "$2" || return
  [ "$p_group_gid" != "$p_gid" ] || return 0
  case $p_members in *",$1,"*) return 0 ;; esac
  return 1
}

# $1 name, $2 gid or "".
p_group_check() {
  if ! p_group_entry "$1"; then p_diff_line "+group $1${2:+ (gid $2)}"; return 1; fi
  if [ -z "$2" ] || [ "$2" = "$p_group_gid" ]; then return 0; fi
  p_diff_line "-gid $p_group_gid" "+gid $2"
  return 1
}

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

p_user_field() {
  if [ -z "$3" ] || [ "$2" = "$3" ]; then return 0; fi
  p_diff_line "-$1 $2" "+$1 $3"
  p_status=1
}

p_user_absent_check() {
  p_account "$1" || return 0
  p_diff_line "-user $1"
  return 1
}

# $1 user, $2 content function, or "" for no file, $3 SHA-256 of the content.
p_keys_check() {
  if ! p_account "$1"; then
    [ -n "$2" ] || return 0
    p_diff_line "+keys of $1, who does not exist yet"
    return 1
  fi
  p_keys_seen=$(p_stat "$p_home/.ssh" "$p_home/.ssh/authorized_keys")
  # Without the directory there is no file: the first line is the directory's.
  p_read_stat "${p_keys_seen%%"$p_nl"*}"
  case $p_kind in
  missing) [ -n "$2" ] || return 0; p_diff_line "+directory $p_home/.ssh" ;;
  directory) ;;
  *) p_reason="$p_home/.ssh is no directory (it is: $p_kind): nothing is written through it"; return 3 ;;
  esac
  p_status=0
  if [ -n "$2" ] && [ "$p_kind" = directory ] && p_attributes_differ "$p_home/.ssh" 700 "$1" ''; then p_status=1; fi
  case $p_keys_seen in
  *"$p_nl"*) p_read_stat "${p_keys_seen##*"$p_nl"}" ;;
  *) p_read_stat '' ;;
  esac
  if [ -z "$2" ]; then
    [ "$p_kind" != missing ] || return 0
    p_diff_line "-$p_home/.ssh/authorized_keys"
    return 1
  fi
  case $p_kind in
  file)
    if p_attributes_differ "$p_home/.ssh/authorized_keys" 600 "$1" ''; then p_status=1; fi
    # Not the user's: perhaps a second name of one of root's files. It is replaced, and not shown.
    [ "$p_owner" = "$1" ] || return 1
    case $(sha256sum "$p_home/.ssh/authorized_keys" 2>/dev/null) in
    "$3 "*) return "$p_status" ;;
    '') if "$2" | cmp -s - "$p_home/.ssh/authorized_keys"; then return "$p_status"; fi ;;
    esac
    p_diff_content "$p_home/.ssh/authorized_keys" "$2"
    ;;
  missing) p_diff_content /dev/null "$2" ;;
  symlink) p_diff_line '-a symbolic link' '+a file' ;;
  *) p_reason="$p_home/.ssh/authorized_keys is no file (it is: $p_kind)"; return 3 ;;
  esac
  return 1
}

# $1 variable, $2 shell text: sets it to what the text prints. It is asked once, as long as nothing was changed.
p_read() {
  [ -n "$p_fresh" ] || p_reads=' '
  case $p_reads in *" $1 "*) return ;; esac
  eval "$1=\$(umask 022; set +u; eval \"\$2\")"
  p_reads="$p_reads$1 "
}

# $1 user, $2 shell text. Asks for no password: we are root.
p_as() { su -s /bin/sh "$1" -c "$2"; }

# Sets p_directory to the directory of $1, which must be there.
p_parent() {
  p_directory=${1%/*}
  p_directory=${p_directory:-/}
  [ -d "$p_directory" ] || { echo "the directory $p_directory does not exist" >&2; return 1; }
}

# $1 a directory: exit 0 where root alone decides what the names in it, and on the way to it, mean. Else p_unsafe is the
# directory that somebody else rules, and p_ruler who that is. Looked at are the way as it is named and the way without
# links: a link in a user's directory may name one of root's. A link in root's own directory leads where root meant.
p_is_trusted() {
  p_unsafe=$1 p_ruler=nobody
  p_real=$(cd -P "$1" && pwd -P) || return 1
  p_at=$1
  set -- "$p_real" "$1"
  while [ "$p_at" != / ]; do
    p_at=${p_at%/*}
    p_at=${p_at:-/}
    set -- "$@" "$p_at"
  done
  p_at=$p_real
  while [ "$p_at" != / ]; do
    p_at=${p_at%/*}
    p_at=${p_at:-/}
    set -- "$@" "$p_at"
  done
  IFS=$p_nl
  set -f
  set -- $(p_stat "$@")
  set +f
  IFS=$p_ifs
  for p_hit do
    p_read_stat "$p_hit"
    p_unsafe=${p_hit#*"|"*"|"*"|"*"|"}
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

# $1 owner: exit 0 where root may write into p_directory, 1 where the owner's own power must do it, 2 where neither may.
p_is_writable_by() {
  if p_is_trusted "$p_directory"; then return 0; fi
  if [ "$p_ruler" = "$1" ] && [ "$1" != root ]; then return 1; fi
  echo "$p_unsafe is ruled by $p_ruler: root writes nothing there that belongs to $1" >&2
  return 2
}

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

# $1 the new file, $2 the path that it gets.
p_put_in_place() {
  # mv would move into a directory that a link names.
  if [ -L "$2" ] && [ -d "$2" ]; then rm -f "$2" || return; fi
  mv -f "$1" "$2" || return
  if command -v restorecon >/dev/null 2>&1; then restorecon "$2" || :; fi
}

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
  P_DIRECTORY=$p_directory P_NAME=${1##*/} P_MODE=$2 P_GROUP=$4
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

# $1 name, $2 gid or "", $3 1 for a system group.
p_group_mend() {
  if p_group_entry "$1"; then op_groupChange "$1" "$2"; else op_groupAdd "$1" "$2" "$3"; fi
}

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

# $1 user, $2 content function, or "" for no file.
p_keys_mend() {
  p_account "$1" || { echo "there is no user $1" >&2; return 1; }
  [ -d "$p_home" ] || { echo "the home directory $p_home of $1 does not exist" >&2; return 1; }
  if [ -d "$p_home/.ssh" ] && ! [ -L "$p_home/.ssh" ]; then
    p_find_now "$p_home/.ssh"
    # -h: should it have become a link meanwhile, the link is changed and not what it names.
    [ "$p_owner" = "$1" ] || chown -h "$1:" "$p_home/.ssh" || return
  fi
  P_HOME=$p_home
  export P_HOME
  if [ -z "$2" ]; then
    p_as "$1" 'rm -f "$P_HOME/.ssh/authorized_keys"'
    return
  fi
  "$2" | p_as "$1" '
    umask 077
    cd "$P_HOME" || exit
    [ -d .ssh ] || mkdir .ssh || exit
    if [ -L .ssh ]; then echo "$P_HOME/.ssh is a symbolic link" >&2; exit 1; fi
    cd .ssh || exit
    chmod 700 . || exit
    new=$(mktemp ./.authorized_keys.XXXXXX) || exit
    if [ -L authorized_keys ] && [ -d authorized_keys ]; then rm -f authorized_keys; fi
    if cat >"$new" && chmod 600 "$new" && mv -f "$new" authorized_keys; then
      if command -v restorecon >/dev/null 2>&1; then restorecon authorized_keys . 2>/dev/null; fi
      exit 0
    fi
    rm -f "$new"
    exit 1'
}

# $1 path, then a function that puts the file in place. The rule by itself was valid; the whole must be as well,
# or sudo refuses everybody: then the old state comes back.
p_sudo_mend() {
  command -v visudo >/dev/null 2>&1 || { echo 'visudo is not here: install sudo first' >&2; return 1; }
  p_kept=
  if [ -f "$1" ]; then
    # A name with a dot is not read by sudo.
    p_kept=$1.bootmachine-kept
    cp -p "$1" "$p_kept" || return
  fi
  "$2"
  p_result=$?
  if [ "$p_result" -eq 0 ] && ! visudo -c >/dev/null 2>&1; then
    visudo -c >&2
    p_result=1
    if [ -n "$p_kept" ]; then mv -f "$p_kept" "$1"; else rm -f "$1"; fi
  fi
  [ -z "$p_kept" ] || rm -f "$p_kept"
  return "$p_result"
}

op_groupAdd() {
  : groupAdd "$@"
}

op_groupChange() {
  : groupChange "$@"
}

op_userAdd() {
  : userAdd "$@"
}

op_userChange() {
  : userChange "$@"
}

op_userRemove() {
  : userRemove "$@"
}

op_userAddToGroup() {
  : userAddToGroup "$@"
}

op_userPasswordIsLocked() {
  : userPasswordIsLocked "$@"
}

op_userPasswordLock() {
  : userPasswordLock "$@"
}

op_userPasswordHashIs() {
  : userPasswordHashIs "$@"
}

op_userPasswordSetHash() {
  : userPasswordSetHash "$@"
}

# 1 of 7: group deploy
p_check_1() {
  p_group_check deploy 2000
}
p_mend_1() {
  p_group_mend deploy 2000 ''
}

# 2 of 7: user ada
p_check_2() {
  p_user_check ada 2001 '' '' '' 'Ada Lovelace' 'sudo deploy' op_userPasswordIsLocked
}
p_mend_2() {
  p_user_mend ada 2001 '' '' '' 'Ada Lovelace' 'sudo deploy' op_userPasswordIsLocked op_userPasswordLock
}

# 3 of 7: user bob
p_check_3() {
  BM_SECRET='$6$salt$hash'
  p_user_check bob '' '' '' '' '' '' op_userPasswordHashIs
}
p_mend_3() {
  BM_SECRET='$6$salt$hash'
  p_user_mend bob '' '' '' '' '' '' op_userPasswordHashIs op_userPasswordSetHash
}

# 4 of 7: user old
p_check_4() {
  p_user_absent_check old
}
p_mend_4() {
  op_userRemove old
}

# 5 of 7: authorized-keys ada
p_text_1() {
  cat <<'BOOTMACHINE'
ssh-ed25519 AAAA ada@laptop
BOOTMACHINE
}
p_check_5() {
  p_keys_check ada p_text_1 1026fbf57f999a718d707bb527e1d75e1aa1963a120ff6dd13b0155e7835c421
}
p_mend_5() {
  p_keys_mend ada p_text_1
}

# 6 of 7: authorized-keys root
p_check_6() {
  p_keys_check root '' ''
}
p_mend_6() {
  p_keys_mend root ''
}

# 7 of 7: sudo-rule 10-ada
p_text_2() {
  cat <<'BOOTMACHINE'
# Written by bootmachine, and put back by it when it is changed.
ada ALL=(ALL:ALL) NOPASSWD: ALL
BOOTMACHINE
}
p_part_1() {
  p_file_mend /etc/sudoers.d/10-ada 440 root root p_text_2 'visudo -cf "$1" >/dev/null' ''
}
p_check_7() {
  p_slot=1
  p_file_check /etc/sudoers.d/10-ada 440 root root 1009aec620d6058f3f422dfb23d42b76d1fb8c4ca49019f4167361c47124faf0 p_text_2 ''
}
p_mend_7() {
  p_sudo_mend /etc/sudoers.d/10-ada p_part_1
}

p_main() {
  p_line 'bm1 begin 7 resources'
  p_now
  p_begin_ms=$p_ms
  p_look /etc/sudoers.d/10-ada
  p_apply_resource 'group deploy' p_check_1 p_mend_1
  p_apply_resource 'user ada' p_check_2 p_mend_2
  p_apply_resource 'user bob' p_check_3 p_mend_3
  p_apply_resource 'user old' p_check_4 p_mend_4
  p_apply_resource 'authorized-keys ada' p_check_5 p_mend_5
  p_apply_resource 'authorized-keys root' p_check_6 p_mend_6
  p_apply_resource 'sudo-rule 10-ada' p_check_7 p_mend_7
  [ -n "$p_failed$p_stopped" ] || p_run_pending
  p_now
  if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi
  p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"
  return "$p_status"
}

{ p_main </dev/null; exit; }
