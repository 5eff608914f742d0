#!/bin/sh
# bootmachine: shop web1: nothing
#
# Looks at what this host should be like, and mends what differs. 0 resources, each with a comment below.
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
  [ -n "$p_failed$p_stopped" ] || p_run_pending
  p_now
  if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi
  p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"
  return "$p_status"
}

{ p_main </dev/null; exit; }
