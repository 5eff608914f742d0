import { STOPPED_REASON } from "../protocol.ts";
import { sh } from "../sh.ts";

/**
 * How one resource is gone through. A check function answers by its exit status: 0 as wanted, 1 it differs,
 * 2 not to be looked at (why: p_reason), 3 it cannot be had (why: p_reason, exit status: p_exit).
 * It is always called by itself, never in a condition: `set -e` in somebody's text keeps its meaning.
 */
export const CHECK_MODE_FUNCTIONS = {
  p_check_resource: sh`
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
`,
  p_report_pending: sh`
# $@ keys of the program's own triggers. Others that a killed run has left are reported by themselves.
p_report_pending() {
  p_known=" $* "
  p_count=0
  for p_file in "$p_pending"/*; do
    [ -f "$p_file" ] || continue
    case $p_known in *" \${p_file##*-} "*) continue ;; esac
    [ "$p_count" -gt 0 ] || p_start 'pending triggers'
    p_count=$((p_count + 1))
    p_read_label "$p_file"
    p_diff_line "+run, left over from an earlier run: $p_label"
  done
  p_reason=
  [ "$p_count" -eq 0 ] || p_done differs
}
`,
} as const;

export const APPLY_MODE_FUNCTIONS = {
  p_apply_resource: sh`
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
  if [ -n "$p_stopped" ] || [ -e "\${BM_STOP:-/dev/null/none}" ]; then
    p_stopped=yes
    p_reason='${STOPPED_REASON}'
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
  if [ -n "\${4-}" ]; then
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
`,
  p_note: sh`
# $1 position, $2 key, $3 the function that writes the trigger: notes it on the host, once.
p_note() {
  if p_is_pending "$2"; then return 0; fi
  mkdir -p -m 0700 "$p_state" "$p_pending" &&
    (umask 077; "$3" >"$p_pending/.$2") &&
    mv -f "$p_pending/.$2" "$p_pending/$1-$2"
}
`,
  p_run_pending: sh`
# Runs what is noted, in order, up to the first that fails, or until the program is to end; the others stay noted.
p_run_pending() {
  for p_file in "$p_pending"/*; do
    [ -f "$p_file" ] || continue
    if [ -e "\${BM_STOP:-/dev/null/none}" ]; then return; fi
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
`,
} as const;

export const COMMON_RESOURCE_FUNCTIONS = {
  p_entry: sh`
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
`,
  p_only_if: sh`
# $1 shell text, $2 why it may not hold.
p_only_if() {
  (umask 022; set +u; eval "$1") >/dev/null 2>&1
  [ $? -eq 0 ] || p_reason=$2
}
`,
  p_is_pending: sh`
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
`,
  p_read_label: sh`
# The first line of a noted trigger says in words what it does.
p_read_label() {
  IFS= read -r p_label <"$1" || p_label='# ?'
  p_label=\${p_label#'# '}
}
`,
} as const;
