#!/bin/sh
# bootmachine: shop web1: files
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

# $1 position, $2 key, $3 the function that writes the trigger: notes it on the host, once.
p_note() {
  if p_is_pending "$2"; then return 0; fi
  mkdir -p -m 0700 "$p_state" "$p_pending" &&
    (umask 077; "$3" >"$p_pending/.$2") &&
    mv -f "$p_pending/.$2" "$p_pending/$1-$2"
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

# $1 a trigger's key. Sets p_label.
p_is_pending() {
  for p_file in "$p_pending"/*-"$1"; do
    if [ -f "$p_file" ]; then
      p_read_label "$p_file"
      return 0
    fi
  done
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

# $1 path, $2 the kind that may be removed. A symbolic link may always be.
p_absent_check() {
  p_find "$1"
  case $p_kind in
  missing) return 0 ;;
  "$2"|symlink) p_diff_line "-$1"; return 1 ;;
  *) p_reason="$1 is no $2 (it is: $p_kind), and is left alone"; return 3 ;;
  esac
}

# $1 path, $2 mode, $3 owner, $4 group or "".
p_directory_check() {
  p_find "$1"
  case $p_kind in
  directory) if p_attributes_differ "$@"; then return 1; else return 0; fi ;;
  missing) p_diff_line "+directory $1, mode $2, owner $3"; return 1 ;;
  *) p_reason="$1 is no directory (it is: $p_kind), and is left alone"; return 3 ;;
  esac
}

# $1 path, $2 target.
p_symlink_check() {
  p_find "$1"
  case $p_kind in
  symlink)
    p_hit=$(readlink "$1")
    [ "$p_hit" != "$2" ] || return 0
    p_diff_line "-$1 -> $p_hit" "+$1 -> $2"
    return 1
    ;;
  directory) p_reason="$1 is a directory, and is left alone"; return 3 ;;
  missing) ;;
  *) p_diff_line "-$1 (it is: $p_kind)" ;;
  esac
  p_diff_line "+$1 -> $2"
  return 1
}

# $1 "compare" or "print", $2 the file, or /dev/null, $3 the block's name, $4 content function, or "" to have no block.
# compare: exit 0 where the block is as wanted and there once, 1 where not. print: writes the file as it should be; nothing
# outside of the marks changes. Both: exit 3 where a mark has no end.
p_block() {
  { [ -z "$4" ] || "$4"; } | awk -v mode="$1" -v wanted="${4:+1}" \
    -v begin="# BEGIN bootmachine $3" -v end="# END bootmachine $3" '
    function put_block() {
      if (mode == "print" && wanted && !placed) printf "%s\n%s%s\n", begin, content, end
      placed = 1
    }
    BEGIN { while ((getline line < "-") > 0) content = content line "\n" }
    !inside && $0 == begin { inside = 1; blocks++; found = ""; put_block(); next }
    inside && $0 == end { inside = 0; next }
    inside { found = found $0 "\n"; next }
    mode == "print" { print }
    END {
      if (inside) exit 3
      put_block()
      if (mode == "compare") exit !(wanted ? blocks == 1 && found == content : blocks == 0)
    }' "$2"
}

# $1 path, $2 name, $3 content function or "".
p_block_check() {
  p_find "$1"
  p_block_path=$1 p_block_name=$2 p_block_content=$3
  case $p_kind in
  file) ;;
  missing)
    [ -n "$3" ] || return 0
    p_block_path=/dev/null
    ;;
  *)
    p_reason="$1 is no file (it is: $p_kind), and is left alone"
    return 3
    ;;
  esac
  p_block compare "$p_block_path" "$2" "$3"
  case $? in
  0) return 0 ;;
  1) p_diff_content "$p_block_path" p_block_new; return 1 ;;
  *) p_reason="in $1 the line \"# BEGIN bootmachine $2\" has no end mark after it; mend that by hand"; return 3 ;;
  esac
}

p_block_new() { p_block print "$p_block_path" "$p_block_name" "$p_block_content"; }

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

# $1 path, right after p_block_check. Mode and owner stay as they are; a new file is 0644.
p_block_mend() {
  p_parent "$1" || return
  p_is_writable_by root || return 1
  p_new=$(mktemp "$p_directory/.bootmachine.XXXXXX") || return
  if [ "$p_block_path" = /dev/null ]; then chmod 644 "$p_new"; else cp -p "$1" "$p_new"; fi &&
    p_block_new >"$p_new" && p_put_in_place "$p_new" "$1"
  p_status=$?
  [ "$p_status" -eq 0 ] || rm -f "$p_new"
  return "$p_status"
}

p_trigger_8d5e944ff25a7931() {
  cat <<'BOOTMACHINE'
# reload app
# Noted by bootmachine before a change that asks for it, and run at the end of a run.
# It is still here because a run was killed, or because it failed. By hand: sh THIS_FILE && rm THIS_FILE
bm_operation() {
  : serviceReload "$@"
}
bm_operation app

BOOTMACHINE
}

p_trigger_9b8c35e23a4c4060() {
  cat <<'BOOTMACHINE'
# run echo one echo two
# Noted by bootmachine before a change that asks for it, and run at the end of a run.
# It is still here because a run was killed, or because it failed. By hand: sh THIS_FILE && rm THIS_FILE
echo one
echo two
BOOTMACHINE
}

# 1 of 7: directory /srv/app
p_check_1() {
  p_slot=1
  p_directory_check /srv/app 2775 root www-data
}
p_mend_1() {
  p_directory_mend /srv/app 2775 root www-data
}

# 2 of 7: file /srv/app/app.conf
p_text_1() {
  cat <<'BOOTMACHINE'
[app]
name = it's "quoted"
BOOTMACHINE
}
p_check_2() {
  p_slot=2
  p_file_check /srv/app/app.conf 644 root root 80e479df8be5051bc90a2e1d0072070f4c5eac1b9fcd3a67dd2859aca5e3c4a2 p_text_1 ''
}
p_mend_2() {
  p_file_mend /srv/app/app.conf 644 root root p_text_1 'grep -q name "$1"' ''
}
p_note_2() {
  p_note 001 8d5e944ff25a7931 p_trigger_8d5e944ff25a7931 || return
  p_note 002 9b8c35e23a4c4060 p_trigger_9b8c35e23a4c4060 || return
}

# 3 of 7: file /srv/app/token
p_text_2() {
  p_text 'no newline'
}
p_check_3() {
  p_slot=3
  p_file_check /srv/app/token 600 root root 84629f9a7125f5b50e9767df4fea1e93b34462b57bd35a12ebca2b52520f5c84 p_text_2 secret
}
p_mend_3() {
  p_file_mend /srv/app/token 600 root root p_text_2 '' secret
}

# 4 of 7: file /srv/app/old.conf
p_check_4() {
  p_slot=4
  p_absent_check /srv/app/old.conf file
}
p_mend_4() {
  p_absent_mend /srv/app/old.conf file
}

# 5 of 7: symlink /srv/current
p_check_5() {
  p_slot=5
  p_symlink_check /srv/current app
}
p_mend_5() {
  p_symlink_mend /srv/current app
}

# 6 of 7: block app in /etc/profile
p_text_3() {
  cat <<'BOOTMACHINE'
umask 027
BOOTMACHINE
}
p_check_6() {
  p_slot=6
  p_block_check /etc/profile app p_text_3
}
p_mend_6() {
  p_block_mend /etc/profile
}

# 7 of 7: hosts-entries
p_text_4() {
  cat <<'BOOTMACHINE'
10.0.0.1	web1 web1.example
BOOTMACHINE
}
p_check_7() {
  p_slot=7
  p_block_check /etc/hosts stack p_text_4
}
p_mend_7() {
  p_block_mend /etc/hosts
}

p_main() {
  p_line 'bm1 begin 7 resources'
  p_now
  p_begin_ms=$p_ms
  p_look /srv/app \
    /srv/app/app.conf \
    /srv/app/token \
    /srv/app/old.conf \
    /srv/current \
    /etc/profile \
    /etc/hosts
  p_apply_resource 'directory /srv/app' p_check_1 p_mend_1
  p_apply_resource 'file /srv/app/app.conf' p_check_2 p_mend_2 p_note_2
  p_apply_resource 'file /srv/app/token' p_check_3 p_mend_3
  p_apply_resource 'file /srv/app/old.conf' p_check_4 p_mend_4
  p_apply_resource 'symlink /srv/current' p_check_5 p_mend_5
  p_apply_resource 'block app in /etc/profile' p_check_6 p_mend_6
  p_apply_resource hosts-entries p_check_7 p_mend_7
  [ -n "$p_failed$p_stopped" ] || p_run_pending
  p_now
  if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi
  p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"
  return "$p_status"
}

{ p_main </dev/null; exit; }
