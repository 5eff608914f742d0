import type { ConfiguratorContext, ToolRun } from "../contract.ts";
import { AGENT_SERVICE, layoutOf, SERVER_PORT } from "./layout.ts";
import type { PuppetSettings } from "./options.ts";
import { readReport } from "./read-report.ts";

/** How long the agent waits for another run of itself, seconds. */
const LOCK_WAIT_SECONDS = 120;
/** How long the master may take to answer at all, seconds. */
const ANSWER_SECONDS = 30;

/**
 * One run of the agent, through its master. The result is some lines `NAME=VALUE`, then the line `report`, then the agent's own
 * report of this run, where it has written one.
 */
export function toolRun(
  settings: PuppetSettings,
  { member, master }: ConfiguratorContext,
): ToolRun | undefined {
  if (master === undefined) return undefined;
  const { bin, ssl, state } = layoutOf(settings);
  return {
    on: "member",
    title: "puppet agent",
    script: `# Ruby takes the encoding of files from here.
LC_ALL=C.UTF-8 PATH=$PATH:${bin}
export LC_ALL PATH
umask 022
# Without an answer the agent tries the master for each thing it wants, and leaves no report.
said=$(timeout ${ANSWER_SECONDS} openssl s_client -connect ${master.server}:${SERVER_PORT} -CAfile ${ssl}/certs/ca.pem -verify_return_error -verify_hostname ${master.server} </dev/null 2>&1 >/dev/null)
if [ "$?" -ne 0 ]; then
  printf '%s\\n' "$said"
  printf 'unreachable=%s\\n' "$(printf '%s\\n' "$said" | grep -v '^depth=' | head -n 1)" >"$BM_RESULT"
  exit 1
fi
began=$(mktemp) || exit 1
# Puppet 8 leaves what was found in order out of its report, unless it is told not to.
puppet agent --onetime --no-daemonize --no-splay --no-usecacheonfailure --detailed-exitcodes --verbose --color=false \\
  --no-exclude_unchanged_resources --environment ${settings.environment} --waitforcert 0 --waitforlock 5 --maxwaitforlock ${LOCK_WAIT_SECONDS} --http_connect_timeout ${ANSWER_SECONDS} ${settings.showDiff ? "--show_diff" : "--no-show_diff"}
status=$?
{
  if [ -s ${state}/agent_disabled.lock ]; then
    printf 'disabled=%s\\n' "$(tr '\\n' ' ' <${state}/agent_disabled.lock)"
  fi
  if [ ${state}/last_run_report.yaml -nt "$began" ]; then
    echo report
    cat ${state}/last_run_report.yaml
  else
    pid=$(cat ${state}/agent_catalog_run.lock 2>/dev/null)
    [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null || echo "locked=$pid"
  fi
} >"$BM_RESULT"
rm -f "$began"
${
  settings.agent === "service"
    ? `case $status in
  0 | 2) systemctl enable --quiet ${AGENT_SERVICE} && systemctl start ${AGENT_SERVICE} || exit 1 ;;
esac`
    : "# The agent's service stays off: it runs when it is asked to."
}
exit "$status"`,
    parse: (output) => [readReport(member.server, output)],
  };
}
