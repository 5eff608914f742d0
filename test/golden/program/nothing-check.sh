#!/bin/sh
# bootmachine: shop web1: nothing
#
# Looks at what this host should be like, and changes nothing. 0 resources, each with a comment below.
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

# $@ lines of a difference: "-found", "+wanted".
p_diff_line() {
  for p_said do p_line "bm1 diff $p_said"; done
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

# The first line of a noted trigger says in words what it does.
p_read_label() {
  IFS= read -r p_label <"$1" || p_label='# ?'
  p_label=${p_label#'# '}
}

# $1 variable, $2 shell text: sets it to what the text prints. It is asked once, as long as nothing was changed.
p_read() {
  [ -n "$p_fresh" ] || p_reads=' '
  case $p_reads in *" $1 "*) return ;; esac
  eval "$1=\$(umask 022; set +u; eval \"\$2\")"
  p_reads="$p_reads$1 "
}

p_main() {
  p_line 'bm1 begin 0 resources'
  p_now
  p_begin_ms=$p_ms
  p_report_pending
  p_now
  if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi
  p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"
  return "$p_status"
}

{ p_main </dev/null; exit; }
