import type { ConfiguratorContext, ToolRun } from "../contract.ts";
import { parseRun } from "./parse-run.ts";
import { MINION_CACHE } from "./paths.ts";

/**
 * The highstate, by the minion itself, against its master: the same states, pillar and access as when the master orders it, and
 * the result comes back the way by which it was asked for.
 */
export function toolRun({ member }: ConfiguratorContext): ToolRun {
  return {
    on: "member",
    title: "salt-call state.highstate",
    script: SCRIPT,
    parse: (output) => [parseRun(member.server, output)],
  };
}

const SCRIPT = `umask 077
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM

# Salt refuses to begin while another state run is under way, and says so in prose; this asks it in JSON.
running() {
  salt-call --local --log-level=quiet --out=json saltutil.is_running 'state.*' 2>/dev/null
}
if [ -n "$(ls -A ${MINION_CACHE}/proc 2>/dev/null)" ]; then
  running >"$work/before"
fi

# Followed live: which state is being worked on, warnings and errors; not what Salt logs of the changes in between.
{
  salt-call --no-color --log-level=info --retcode-passthrough --out=json --out-file="$work/states" state.highstate
  echo "$?" >"$work/status"
} 2>&1 >/dev/null | {
  shown=
  while IFS= read -r line; do
    case $line in
    '[INFO '*'] Executing state '*) shown= && printf '%s\\n' "\${line#*] }" ;;
    '[INFO '* | '[DEBUG '*) shown= ;;
    '['[A-Z]*) shown=1 && printf '%s\\n' "$line" ;;
    *) [ -z "$shown" ] || printf '%s\\n' "$line" ;;
    esac
  done
}
status=$(cat "$work/status" 2>/dev/null)
[ "$status" = 0 ] || running >"$work/after"

# A file that is empty or not there is null.
value() {
  if [ -s "$1" ]; then cat "$1"; else echo null; fi
}
if [ -e /run/reboot-required ]; then reboot=true; else reboot=false; fi
{
  printf '{"states":' && value "$work/states"
  printf ',"before":' && value "$work/before"
  printf ',"after":' && value "$work/after"
  printf ',"reboot":%s}\\n' "$reboot"
} >"$BM_RESULT"
exit "\${status:-1}"`;
