#!/bin/sh
# bootmachine: shop web1: files
#
# Looks at what this host should be like, and changes nothing. 7 resources, each with a comment below.
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

# Writes each line of standard input behind $1.
p_prefix() {
  while IFS= read -r p_said || [ -n "$p_said" ]; do p_line "$1$p_said"; done
}

# GNU and busybox.
p_stat() { stat -c '%F|%a|%U|%G|%n' "$@" 2>/dev/null; }

# $@ lines of a difference: "-found", "+wanted".
p_diff_line() {
  for p_said do p_line "bm1 diff $p_said"; done
}

# $1 a file, or /dev/null where there is none, $2 the function that writes the wanted content.
p_diff_content() {
  p_line "bm1 diff --- $1"
  p_line "bm1 diff +++ wanted"
  if command -v diff >/dev/null 2>&1; then
    "$2" | diff -u "$1" - 2>/dev/null | sed 1,2d | p_prefix 'bm1 diff '
  else
    sed 's/^/-/' "$1" | p_prefix 'bm1 diff '
    "$2" | sed 's/^/+/' | p_prefix 'bm1 diff '
  fi
}

# $1 id, $2 its check, then the keys of its triggers.
p_check_resource() {
  p_start "$1"
  p_reason=
  p_exit=1
  "$2"
  p_status=$?
  shift 2
  if [ "$p_status" -eq 0 ]; then
    for p_key do
      if p_is_pending "$p_key"; then
        p_diff_line "+run, left over from an earlier run: $p_label"
        p_status=1
      fi
    done
  fi
  case $p_status in
  0) p_done ok ;;
  1) p_done differs ;;
  2) p_done skipped ;;
  *) p_fail "$p_exit" ;;
  esac
}

# $@ keys of the program's own triggers. Others that a killed run has left are reported by themselves.
p_report_pending() {
  p_known=" $* "
  p_count=0
  for p_file in "$p_pending"/*; do
    [ -f "$p_file" ] || continue
    case $p_known in *" ${p_file##*-} "*) continue ;; esac
    [ "$p_count" -gt 0 ] || p_start 'pending triggers'
    p_count=$((p_count + 1))
    p_read_label "$p_file"
    p_diff_line "+run, left over from an earlier run: $p_label"
  done
  p_reason=
  [ "$p_count" -eq 0 ] || p_done differs
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

# 1 of 7: directory /srv/app
p_check_1() {
  p_slot=1
  p_directory_check /srv/app 2775 root www-data
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

# 3 of 7: file /srv/app/token
p_text_2() {
  p_text 'no newline'
}
p_check_3() {
  p_slot=3
  p_file_check /srv/app/token 600 root root 84629f9a7125f5b50e9767df4fea1e93b34462b57bd35a12ebca2b52520f5c84 p_text_2 secret
}

# 4 of 7: file /srv/app/old.conf
p_check_4() {
  p_slot=4
  p_absent_check /srv/app/old.conf file
}

# 5 of 7: symlink /srv/current
p_check_5() {
  p_slot=5
  p_symlink_check /srv/current app
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
  p_check_resource 'directory /srv/app' p_check_1
  p_check_resource 'file /srv/app/app.conf' p_check_2 8d5e944ff25a7931 9b8c35e23a4c4060
  p_check_resource 'file /srv/app/token' p_check_3
  p_check_resource 'file /srv/app/old.conf' p_check_4
  p_check_resource 'symlink /srv/current' p_check_5
  p_check_resource 'block app in /etc/profile' p_check_6
  p_check_resource hosts-entries p_check_7
  p_report_pending 8d5e944ff25a7931 9b8c35e23a4c4060
  p_now
  if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi
  p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"
  return "$p_status"
}

{ p_main </dev/null; exit; }
