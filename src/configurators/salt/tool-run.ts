import { quote } from "../../program/quote.ts";
import type { ConfiguratorContext, ToolRun } from "../contract.ts";
import type { SaltSettings } from "./options.ts";
import { parseRun } from "./parse-run.ts";
import { MINION_CACHE, REQUEST_PORT } from "./paths.ts";

/** How long the master's port may take to answer, seconds. */
const ANSWER_SECONDS = 5;
/** How long another state run, such as a scheduled one, is waited for, seconds. */
const WAIT_SECONDS = 120;

/**
 * The highstate, by the minion itself, against its master: the same states, pillar and access as when the master orders it, and
 * the result comes back the way by which it was asked for.
 */
export function toolRun(
  { member, master }: ConfiguratorContext,
  { showDiff }: SaltSettings,
): ToolRun {
  const at = master?.address ?? member.address;
  return {
    on: "member",
    title: "salt-call state.highstate",
    script: script(at),
    parse: (output) => [
      parseRun(member.server, output, { showDiff, master: `${at}, port ${REQUEST_PORT}` }),
    ],
  };
}

const script = (
  master: string,
): string => `# No umask here: files that states write without a mode get theirs from it. The folder is root's alone.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM

# Where the master is being restarted this is tried again a little later. salt-call by itself would go on asking without an end.
master_answers() {
  timeout ${ANSWER_SECONDS} bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash ${quote(master)} ${REQUEST_PORT} 2>/dev/null
}
if ! master_answers; then
  echo '{"unreachable":true}' >"$BM_RESULT"
  exit 1
fi

# Salt refuses to begin while another state run is under way, and says so in prose; this asks it in JSON.
running() {
  salt-call --local --log-level=quiet --out=json saltutil.is_running 'state.*' 2>/dev/null
}
if [ -n "$(ls -A ${MINION_CACHE}/proc 2>/dev/null)" ]; then
  limit=$(($(date +%s) + ${WAIT_SECONDS}))
  said=
  while running >"$work/before" && grep -q '"jid"' "$work/before" && [ "$(date +%s)" -lt "$limit" ]; do
    [ -n "$said" ] || echo "waiting for another state run (limit: ${WAIT_SECONDS} s)"
    said=1
    sleep 2
  done
fi

# Followed live: which state is being worked on, warnings and errors; not what Salt logs of the changes in between.
{
  # Whatever the minion's own settings say: now, and for real.
  salt-call --no-color --log-level=info --retcode-passthrough --out=json --out-file="$work/states" state.highstate queue=False test=False
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
unreachable=false
if [ "$status" != 0 ]; then
  running >"$work/after"
  master_answers || unreachable=true
fi

# A file that is empty or not there is null.
value() {
  if [ -s "$1" ]; then cat "$1"; else echo null; fi
}
if [ -e /run/reboot-required ]; then reboot=true; else reboot=false; fi
{
  printf '{"states":' && value "$work/states"
  printf ',"before":' && value "$work/before"
  printf ',"after":' && value "$work/after"
  printf ',"unreachable":%s,"reboot":%s}\\n' "$unreachable" "$reboot"
} >"$BM_RESULT"
exit "\${status:-1}"`;
