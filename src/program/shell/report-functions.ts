import { sh } from "../sh.ts";

/**
 * The head of every program's shell: settings, and the functions that write the report (see protocol.ts).
 *
 * Names that begin with `p_` are the program's own; `op_` are the distro's operations. Operations and texts of
 * resources run in subshells, so that nothing they set, change or exit from reaches the program. There is no `local`:
 * POSIX has none, so functions that call each other use different names.
 */
export const PREAMBLE = sh`
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

if [ -n "\${KSH_VERSION-}" ]; then
  # mksh has no printf of its own, and an external one would show its words in the process list.
  p_line() { print -r -- "$1"; }
  p_text() { print -nr -- "$1"; }
else
  p_line() { printf '%s\n' "$1"; }
  p_text() { printf '%s' "$1"; }
fi
`;

export const REPORT_FUNCTIONS = {
  p_now: sh`
# Sets p_ms to a time in milliseconds that only counts against another one. /proc/uptime needs no process.
p_now() {
  if [ -r /proc/uptime ]; then
    read -r p_up p_idle </proc/uptime
    p_ms=$((\${p_up%.*} * 1000 + (1\${p_up#*.} - 100) * 10))
  else
    p_ms=$(($(date +%s) * 1000))
  fi
}
`,
  p_start: sh`
# $1 id
p_start() {
  p_now
  p_began=$p_ms
  p_line "bm1 start $1"
}
`,
  p_done: sh`
# $1 status, $2 exit status or nothing. A reason that was found goes before it.
p_done() {
  p_now
  [ -z "$p_reason" ] || p_line "bm1 reason $p_reason"
  if [ -n "\${2-}" ]; then
    p_line "bm1 done $1 exit $2 $((p_ms - p_began)) ms"
  else
    p_line "bm1 done $1 $((p_ms - p_began)) ms"
  fi
}
`,
  p_fail: sh`
# $1 exit status. What is known of the cause stands in p_reason, or was printed before.
p_fail() {
  [ -z "$p_reason" ] || p_line "bm1 detail $p_reason"
  p_reason=
  p_failed=yes
  p_done failed "$1"
}
`,
  p_prefix: sh`
# Writes each line of standard input behind $1.
p_prefix() {
  while IFS= read -r p_said || [ -n "$p_said" ]; do p_line "$1$p_said"; done
}
`,
  p_details: sh`
# $1 text: each of its lines goes into the report.
p_details() {
  [ -z "$1" ] || p_line "$1" | p_prefix 'bm1 detail '
}
`,
  p_reading: sh`
# $1 shell text that reads something of the host: its lines go into the report as they are.
p_reading() {
  p_hit=$(exec 2>/dev/null; umask 022; set +u; eval "$1")
  p_status=$?
  p_line "$p_hit" | p_prefix 'bm1 read '
  p_line "bm1 reading exit $p_status whole"
}
`,
  p_live: sh`
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
`,
  p_relay: sh`
# The reader of p_live; its exit status is the command's. Blank lines at the end are left out.
p_relay() {
  p_blank=0
  while IFS= read -r p_said || [ -n "$p_said" ]; do
    case $p_said in
    '')
      p_blank=$((p_blank + 1))
      ;;
    "$p_mark "*)
      return "\${p_said##* }"
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
`,
} as const;

/** How differences are shown: in check mode only. */
export const DIFF_FUNCTIONS = {
  p_diff_line: sh`
# $@ lines of a difference: "-found", "+wanted".
p_diff_line() {
  for p_said do p_line "bm1 diff $p_said"; done
}
`,
  p_diff_content: sh`
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
`,
} as const;

/** In apply mode what differs is mended, not shown. */
export const SILENT_DIFF_FUNCTIONS = {
  p_diff_line: "p_diff_line() { :; }",
  p_diff_content: "p_diff_content() { :; }",
} as const;
