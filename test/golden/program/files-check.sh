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

p_nl='
'
p_state=/var/lib/bootmachine
p_pending=$p_state/pending
# Set from the first failure on.
p_failed=
p_reason=
p_seen=
p_sums=
p_all_packages=
# Set while nothing was changed: what was looked up at the beginning still holds.
p_fresh=yes
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

# Looks at all the paths of the program at once, so that a check of one needs no process.
p_look() {
  p_seen=$p_nl$(p_stat "$@")$p_nl
  p_sums=
  for p_path do
    shift
    p_find "$p_path"
    # Only regular files: a pipe would never end.
    [ "$p_kind" != file ] || set -- "$@" "$p_path"
  done
  if [ $# -gt 0 ] && command -v sha256sum >/dev/null 2>&1; then
    p_sums=$p_nl$(sha256sum "$@" 2>/dev/null)$p_nl
  fi
}

# $1 path, as it was looked at in the beginning, or now where something has changed since.
# Sets p_kind (file, directory, symlink, other, missing), p_perm, p_owner and p_group.
p_find() {
  if [ -n "$p_fresh" ]; then p_read_stat "$p_seen" "$1"; else p_find_now "$1"; fi
}

p_find_now() {
  p_read_stat "$p_nl$(p_stat "$1")$p_nl" "$1"
}

# $1 lines of p_stat, $2 path.
p_read_stat() {
  case $1 in
  *"|$2$p_nl"*) ;;
  *) p_kind=missing p_perm= p_owner= p_group=; return ;;
  esac
  p_hit=${1%%"|$2$p_nl"*}
  p_hit=${p_hit##*"$p_nl"}
  p_group=${p_hit##*"|"}
  p_hit=${p_hit%"|"*}
  p_owner=${p_hit##*"|"}
  p_hit=${p_hit%"|"*}
  p_perm=${p_hit##*"|"}
  while :; do case $p_perm in 0?*) p_perm=${p_perm#0} ;; *) break ;; esac; done
  case $p_hit in
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
  if [ -n "$p_fresh" ]; then
    case $p_sums in *"$p_nl$2  $1$p_nl"*) return 0 ;; esac
  fi
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

# $1 path, $2 name, $3 content function, or "" to have no block.
# Sets p_old to the file's text and p_new to the wanted one, each behind a newline. Nothing outside of the marks changes.
p_block() {
  p_block_begin="# BEGIN bootmachine $2"
  p_block_end="# END bootmachine $2"
  p_find "$1"
  p_old=$p_nl
  case $p_kind in
  missing) ;;
  file)
    # The x keeps newlines at the end from being dropped.
    p_old=$(cat "$1" && p_line x) || { p_reason="$1 cannot be read"; return 3; }
    p_old=$p_nl${p_old%x}
    case $p_old in *"$p_nl") ;; *) p_old=$p_old$p_nl ;; esac
    ;;
  *)
    p_reason="$1 is no file (it is: $p_kind), and is left alone"
    return 3
    ;;
  esac
  p_head=$p_old p_tail=
  p_insert=
  if [ -n "$3" ]; then
    p_insert=$("$3" && p_line x)
    p_insert=$p_block_begin$p_nl${p_insert%x}$p_block_end$p_nl
  fi
  case $p_old in
  *"$p_nl$p_block_begin$p_nl"*)
    p_head=${p_old%%"$p_nl$p_block_begin$p_nl"*}$p_nl
    p_tail=$p_nl${p_old#*"$p_nl$p_block_begin$p_nl"}
    p_cut_to_end "$1" || return
    # More than one, by somebody's copy: the first place counts.
    while :; do
      case $p_nl$p_tail in
      *"$p_nl$p_block_begin$p_nl"*) ;;
      *) break ;;
      esac
      p_between=$p_nl$p_tail
      p_tail=$p_nl${p_between#*"$p_nl$p_block_begin$p_nl"}
      p_between=${p_between%%"$p_nl$p_block_begin$p_nl"*}
      p_between=${p_between#"$p_nl"}
      p_cut_to_end "$1" || return
      [ -z "$p_between" ] || p_tail=$p_between$p_nl$p_tail
    done
    ;;
  esac
  p_new=$p_head$p_insert$p_tail
}

# Takes from p_tail, which begins with a newline, all up to the end mark.
p_cut_to_end() {
  case $p_tail in
  *"$p_nl$p_block_end$p_nl"*) p_tail=${p_tail#*"$p_nl$p_block_end$p_nl"} ;;
  *)
    p_reason="in $1 the line \"$p_block_begin\" has no \"$p_block_end\" after it; mend that by hand"
    return 3
    ;;
  esac
}

p_block_check() {
  p_block "$@" || return
  [ "$p_old" != "$p_new" ] || return 0
  p_found=$1
  [ "$p_kind" = file ] || p_found=/dev/null
  p_diff_content "$p_found" p_new_text
  return 1
}

p_new_text() { p_text "${p_new#?}"; }

# 1 of 7: directory /srv/app
p_check_1() {
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
  p_file_check /srv/app/app.conf 644 root root 80e479df8be5051bc90a2e1d0072070f4c5eac1b9fcd3a67dd2859aca5e3c4a2 p_text_1 ''
}

# 3 of 7: file /srv/app/token
p_text_2() {
  p_text 'no newline'
}
p_check_3() {
  p_file_check /srv/app/token 600 root root 84629f9a7125f5b50e9767df4fea1e93b34462b57bd35a12ebca2b52520f5c84 p_text_2 secret
}

# 4 of 7: file /srv/app/old.conf
p_check_4() {
  p_absent_check /srv/app/old.conf file
}

# 5 of 7: symlink /srv/current
p_check_5() {
  p_symlink_check /srv/current app
}

# 6 of 7: block app in /etc/profile
p_text_3() {
  cat <<'BOOTMACHINE'
umask 027
BOOTMACHINE
}
p_check_6() {
  p_block_check /etc/profile app p_text_3
}

# 7 of 7: hosts-entries
p_text_4() {
  cat <<'BOOTMACHINE'
10.0.0.1	web1 web1.example
BOOTMACHINE
}
p_check_7() {
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
