#!/bin/sh
# bootmachine: shop web1: system
#
# Looks at what this host should be like, and changes nothing. 10 resources, each with a comment below.
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

# $1 text: each of its lines goes into the report.
p_details() {
  [ -z "$1" ] || p_line "$1" | p_prefix 'bm1 detail '
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

# $1 shell text, $2 why it may not hold.
p_only_if() {
  (umask 022; set +u; eval "$1") >/dev/null 2>&1
  [ $? -eq 0 ] || p_reason=$2
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

# $@ names. As long as nothing was changed, one question for all packages of the program answers for each of them.
p_packages_check() {
  if [ -n "$p_fresh" ] && [ -n "$p_all_packages" ]; then
    if [ -z "${p_all_installed-}" ]; then
      p_all_installed=no
      # A list of names.
      (op_packageIsInstalled $p_all_packages) >/dev/null 2>&1 && p_all_installed=yes
    fi
    [ "$p_all_installed" != yes ] || return 0
  fi
  if (op_packageIsInstalled "$@") >/dev/null 2>&1; then return 0; fi
  p_packages_show_missing "$@"
  return 1
}

p_packages_absent_check() {
  p_status=0
  for p_name do
    if (op_packageIsInstalled "$p_name") >/dev/null 2>&1; then
      p_diff_line "-package $p_name"
      p_status=1
    fi
  done
  return "$p_status"
}

# $1 all or security. What cannot be told is looked into.
p_upgrade_check() {
  p_hit=$(op_upgradesPending "$1" 2>/dev/null) || { p_diff_line '+upgrades (which ones is not known yet)'; return 1; }
  [ -n "$p_hit" ] || return 0
  p_show_upgrades
  return 1
}

# Sets p_hit to $1 with single spaces: the kernel separates numbers by tabs.
p_words() {
  set -f
  set -- $1
  p_hit="$*"
  set +f
}

# $@ "PATH KEY=VALUE", the path being that below /proc/sys. Sets p_unlike to those that differ and can be changed here,
# one a line, p_left_out to those that are not here or cannot be changed here, and p_kept to the number of the others.
p_sysctl_look() {
  p_unlike= p_left_out= p_kept=0 p_keys=
  for p_setting do p_keys="$p_keys ${p_setting%% *}"; done
  # One grep for all. The shell's own read would get only the first byte from a file of this kind.
  p_values=$(cd /proc/sys && grep -s '' /dev/null $p_keys)
  for p_setting do
    p_key_path=${p_setting%% *}
    p_key=${p_setting#* }
    p_key=${p_key%%=*}
    if ! p_entry "$p_key_path" "$p_values"; then
      p_left_out="$p_left_out, $p_key (not to be had here)"
      continue
    fi
    p_words "${p_hit#*:}"
    if [ "$p_hit" = "${p_setting#*=}" ]; then
      p_kept=$((p_kept + 1))
    elif [ -w "/proc/sys/$p_key_path" ]; then
      p_kept=$((p_kept + 1))
      p_unlike=$p_unlike$p_setting$p_nl
      p_diff_line "-$p_key = $p_hit" "+$p_key = ${p_setting#*=}"
    else
      p_left_out="$p_left_out, $p_key (cannot be changed here)"
    fi
  done
  p_left_out=${p_left_out#, }
}

# $1 the function that checks the file, then what p_sysctl_look takes.
p_sysctl_check() {
  p_file_function=$1
  shift
  p_sysctl_look "$@"
  [ -z "$p_left_out" ] || p_reason="left out: $p_left_out"
  # Nothing of it counts here: a file would only make noise at the next boot.
  [ "$p_kept" -gt 0 ] || return 2
  "$p_file_function"
  p_status=$?
  if [ "$p_status" -eq 0 ] && [ -n "$p_unlike" ]; then p_status=1; fi
  return "$p_status"
}

# $1 variable, $2 shell text: sets it to what the text prints. It is asked once, as long as nothing was changed.
p_read() {
  [ -n "$p_fresh" ] || p_reads=' '
  case $p_reads in *" $1 "*) return ;; esac
  eval "$1=\$(umask 022; set +u; eval \"\$2\")"
  p_reads="$p_reads$1 "
}

# $1 shell text: exit 0 where it does, 1 else.
p_quiet() {
  (umask 022; set +u; eval "$1") >/dev/null 2>&1
  p_exit=$?
  [ "$p_exit" -eq 0 ] || return 1
}

# As p_quiet; where the text fails, what it prints goes into the report.
p_heard() {
  p_hit=$(exec 2>&1; umask 022; set +u; eval "$1")
  p_exit=$?
  [ "$p_exit" -ne 0 ] || return 0
  p_details "$p_hit"
  return 1
}

p_packages_show_missing() {
  for p_name do
    (op_packageIsInstalled "$p_name") >/dev/null 2>&1 || p_diff_line "+package $p_name"
  done
}

p_show_upgrades() { p_line "$p_hit" | p_prefix 'bm1 diff +upgrade '; }

op_packageIsInstalled() {
  : packageIsInstalled "$@"
}

op_upgradesPending() {
  : upgradesPending "$@"
}

op_serviceIsRunning() {
  : serviceIsRunning "$@"
}

op_serviceIsEnabled() {
  : serviceIsEnabled "$@"
}

op_localeIs() {
  : localeIs "$@"
}

op_timezoneIs() {
  : timezoneIs "$@"
}

op_hostnameIs() {
  : hostnameIs "$@"
}

# 1 of 10: package curl rsync
p_check_1() {
  p_packages_check curl rsync
}

# 2 of 10: package telnetd
p_check_2() {
  p_packages_absent_check telnetd
}

# 3 of 10: upgrade security
p_check_3() {
  p_upgrade_check security
}

# 4 of 10: service ssh
p_check_4() {
  p_status=0
  if ! (op_serviceIsEnabled ssh) >/dev/null 2>&1; then p_diff_line '-not started at boot' '+started at boot'; p_status=1; fi
  if ! (op_serviceIsRunning ssh) >/dev/null 2>&1; then p_diff_line -stopped +running; p_status=1; fi
  return "$p_status"
}

# 5 of 10: sysctl 50-app
p_text_1() {
  cat <<'BOOTMACHINE'
# Written by bootmachine, and put back by it when it is changed.
-net.ipv4.conf.eth0/1.rp_filter = 1
BOOTMACHINE
}
p_part_1() {
  p_file_check /etc/sysctl.d/50-app.conf 644 root root 3f84c84a4c7433424f6e2f2dbce76d7ec2a98c961141b06a01011d95d8bb3c9f p_text_1 ''
}
p_check_5() {
  p_slot=1
  p_sysctl_check p_part_1 'net/ipv4/conf/eth0.1/rp_filter net.ipv4.conf.eth0/1.rp_filter=1'
}

# 6 of 10: hostname web1
p_check_6() {
  (op_hostnameIs web1) >/dev/null 2>&1 && return 0
  p_diff_line +web1
  return 1
}

# 7 of 10: locale C.UTF-8
p_check_7() {
  (op_localeIs C.UTF-8) >/dev/null 2>&1 && return 0
  p_diff_line +C.UTF-8
  return 1
}

# 8 of 10: timezone Europe/Berlin
p_check_8() {
  (op_timezoneIs Europe/Berlin) >/dev/null 2>&1 && return 0
  p_diff_line +Europe/Berlin
  return 1
}

# 9 of 10: app installed
p_check_9() {
  p_only_if 'test -d /srv' 'there is no /srv'
  [ -z "$p_reason" ] || return 2
  p_quiet 'test -x /srv/app/run'
}

# 10 of 10: disk
p_check_10() {
  p_heard 'df -P /srv'
}

p_main() {
  p_line 'bm1 begin 10 resources'
  p_now
  p_begin_ms=$p_ms
  p_look /etc/sysctl.d/50-app.conf
  p_all_packages='curl rsync'
  p_check_resource 'package curl rsync' p_check_1
  p_check_resource 'package telnetd' p_check_2
  p_check_resource 'upgrade security' p_check_3
  p_check_resource 'service ssh' p_check_4
  p_check_resource 'sysctl 50-app' p_check_5
  p_check_resource 'hostname web1' p_check_6
  p_check_resource 'locale C.UTF-8' p_check_7
  p_check_resource 'timezone Europe/Berlin' p_check_8
  p_check_resource 'app installed' p_check_9
  p_check_resource disk p_check_10
  p_report_pending
  p_now
  if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi
  p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"
  return "$p_status"
}

{ p_main </dev/null; exit; }
