import type { Trigger } from "../../program/resource.ts";
import { type Layout, SERVER_SERVICE } from "./layout.ts";

/**
 * New settings count from its next start, which `enroll` sees to: it is the one that watches a start. What was not running has
 * nothing to forget.
 */
export const STOP_SERVER: Trigger = {
  run: `case $(systemctl is-active ${SERVER_SERVICE}) in
active | activating) systemctl stop ${SERVER_SERVICE} ;;
esac`,
};

/**
 * Shell text that starts Puppet Server, unless it runs, and waits until it answers. Where it cannot start it says so in its own
 * log alone, and its process stays: systemd would wait for it until the unit's limit, which has to be long.
 */
export function startServer({ serverLog }: Layout): string {
  return `has_given_up() {
  [ "$(systemctl is-active ${SERVER_SERVICE})" = activating ] &&
  # Not the start of its main process: while a command comes before that, systemd has the time of the process before.
  began=$(date -d "$(systemctl show -P InactiveExitTimestamp ${SERVER_SERVICE})" +%s) &&
  [ "$(stat -c %Y ${serverLog} 2>/dev/null || echo 0)" -gt "$began" ] &&
  tail -n 1 ${serverLog} | grep -q 'Finished shutdown sequence'
}
# Of an earlier attempt.
! has_given_up || systemctl stop ${SERVER_SERVICE}
systemctl start ${SERVER_SERVICE} &
start=$!
while kill -0 "$start" 2>/dev/null; do
  ! has_given_up || systemctl stop ${SERVER_SERVICE}
  sleep 1
done
wait "$start" || {
  grep -E ' (ERROR|WARN) ' ${serverLog} | tail -n 20 >&2
  exit 1
}`;
}
