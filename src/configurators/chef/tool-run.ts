import type { ConfiguratorContext, ToolRun } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { hostPaths, productOf } from "./product.ts";
import { readReport } from "./read-report.ts";

/** How long the client waits for another run of itself, seconds. */
const LOCK_WAIT_SECONDS = 60;
/** How long the server may take to answer at all, seconds. */
const ANSWER_SECONDS = 30;

/** One run of the client. Its handlers write the result (`handlers.ts`), or the script where the client could not begin. */
export function toolRun(settings: ChefSettings, { member, master }: ConfiguratorContext): ToolRun {
  const { client, title } = productOf(settings);
  const { lock, settingsFile } = hostPaths(settings);
  return {
    on: "member",
    title: settings.server === undefined ? `${title}, local mode` : title,
    script: `# Ruby takes the encoding of files from here.
LC_ALL=C.UTF-8
export LC_ALL
locked() {
  [ -e ${lock} ] && ! flock --nonblock ${lock} true
}
# The client reports nothing when it gives up on its lock.
say_locked() {
  printf '{"version":1,"locked":true}' >"$BM_RESULT"
}
${settings.server === undefined ? "" : serverAnswers(master?.server ?? "")}if ! timeout ${LOCK_WAIT_SECONDS} sh -c 'until flock --nonblock "$1" true; do sleep 1; done' sh ${lock}; then
  say_locked
  exit 75
fi
${client} --config ${settingsFile} --no-color --run-lock-timeout 0
status=$?
if [ ! -s "$BM_RESULT" ] && locked; then say_locked; fi
exit "$status"`,
    parse: (output) => [readReport(member.server, client, output)],
  };
}

/**
 * Without an answer the client would try for minutes, and end as if something were wrong with the cookbooks. Whether it is the
 * right server that answers is the client's own to say.
 */
function serverAnswers(master: string): string {
  return `said=$(timeout ${ANSWER_SECONDS} openssl s_client -connect ${master}:443 </dev/null 2>&1 >/dev/null)
if [ "$?" -ne 0 ]; then
  printf '%s\\n' "$said"
  # The first line has the reason; JSON takes it as it is without quotes and backslashes.
  line=$(printf '%s\\n' "$said" | head -n 1 | tr -cd '[:alnum:] ._:()/-')
  printf '{"version":1,"unreachable":"%s"}' "$line" >"$BM_RESULT"
  exit 75
fi
`;
}
