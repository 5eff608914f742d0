import type { ConfiguratorCheck, ConfiguratorContext } from "../contract.ts";
import { membersOnly } from "./authority.ts";
import { AGENT_SERVICE, type Layout, layoutOf, SERVER_PORT, SERVER_SERVICE } from "./layout.ts";
import type { PuppetSettings } from "./options.ts";

/** What must hold of Puppet on a server. No Ruby is started for it. */
export function toolChecks(
  settings: PuppetSettings,
  context: ConfiguratorContext,
): readonly ConfiguratorCheck[] {
  const layout = layoutOf(settings);
  return [
    ...(context.member.isMaster ? [serverRuns(), membersOnly(layout, context)] : []),
    agentService(settings),
    lastRun(layout),
  ];
}

function check(id: string, title: string, text: string): ConfiguratorCheck {
  return { id, title, resource: { type: "command", id, check: text, showCheckOutput: true } };
}

function serverRuns(): ConfiguratorCheck {
  return check(
    "server-running",
    "Puppet Server runs and starts at boot",
    `systemctl is-enabled --quiet ${SERVER_SERVICE} || { echo "${SERVER_SERVICE} does not start at boot"; exit 1; }
systemctl is-active --quiet ${SERVER_SERVICE} || { echo "${SERVER_SERVICE} is $(systemctl is-active ${SERVER_SERVICE})"; exit 1; }
[ -n "$(ss -Hltn "sport = :${SERVER_PORT}")" ] || { echo "nothing listens on port ${SERVER_PORT}"; exit 1; }`,
  );
}

function agentService({ agent }: PuppetSettings): ConfiguratorCheck {
  return agent === "service"
    ? check(
        "agent-running",
        "the agent runs and starts at boot",
        `systemctl is-enabled --quiet ${AGENT_SERVICE} || { echo "${AGENT_SERVICE} does not start at boot"; exit 1; }
systemctl is-active --quiet ${AGENT_SERVICE} || { echo "${AGENT_SERVICE} is $(systemctl is-active ${AGENT_SERVICE})"; exit 1; }`,
      )
    : check(
        "agent-waiting",
        "the agent runs only when it is asked to",
        `! systemctl is-active --quiet ${AGENT_SERVICE} || { echo "${AGENT_SERVICE} runs"; exit 1; }`,
      );
}

/** A run that got no catalogue has no configuration version; one that failed counts the resources that did. */
function lastRun({ summary }: Layout): ConfiguratorCheck {
  return check(
    "last-run",
    "the agent's last run ended well",
    `[ -e ${summary} ] || { echo "the agent has not run yet"; exit 1; }
awk '
  /^[a-z]/ { part = $1 }
  part == "version:" && $1 == "config:" { config = $2 }
  part == "resources:" && ($1 == "failed:" || $1 == "failed_to_restart:") { failed += $2 }
  END {
    if (config == "") { print "the last run got no catalogue from the master"; exit 1 }
    if (failed > 0) { print "the last run failed at " failed " things"; exit 1 }
  }' ${summary}`,
  );
}
