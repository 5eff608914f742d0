import type { ConfiguratorCheck, ConfiguratorContext } from "../contract.ts";
import { forEachKey } from "./key-list.ts";
import { KEY_FOLDERS, MASTER_UNIT, MINION_UNIT, PUBLISH_PORT } from "./paths.ts";

/** How long a minion that has just been started may take to log in, seconds; only who is not logged in waits. */
const LOGIN_SECONDS = 60;

/** What must hold on a member once it is enrolled. */
export function toolChecks(context: ConfiguratorContext): readonly ConfiguratorCheck[] {
  const { member, members } = context;
  return [
    ...(member.isMaster
      ? [
          check("master-running", "the master runs and starts at boot", unitRuns(MASTER_UNIT)),
          check(
            "master-keys",
            "the master accepts the keys of the stack's members, and no others",
            noOtherKeys(members.map(({ server }) => server)),
          ),
        ]
      : []),
    check("minion-running", "the minion runs and starts at boot", unitRuns(MINION_UNIT)),
    check("minion-connected", "the minion is logged in to its master", CONNECTED),
  ];
}

function check(id: string, title: string, script: string): ConfiguratorCheck {
  return {
    id,
    title,
    resource: { type: "command", id: `salt: ${id}`, check: script, showCheckOutput: true },
  };
}

function unitRuns(unit: string): string {
  return `bad=0
for claim in active enabled; do
  said=$(systemctl is-$claim ${unit}) || { echo "${unit} is $said"; bad=1; }
done
exit "$bad"`;
}

/** Keys that wait, or were refused, are shown by \`bootmachine configurator agents\`: nobody who knocks can spoil a run. */
function noOtherKeys(servers: readonly string[]): string {
  return `bad=0
${forEachKey(
  [KEY_FOLDERS.accepted],
  `case \${file##*/} in
${servers.join(" | ")}) ;;
*) echo "a key of \\"\${file##*/}\\" is accepted, which is no member"; bad=1 ;;
esac`,
)}
exit "$bad"`;
}

/** A minion opens the publisher's port only after it has logged in: the master accepts its key, and it the master's. */
const CONNECTED = `tries=0
until ss -Htn state established "dport = :${PUBLISH_PORT}" | grep -q .; do
  tries=$((tries + 1))
  [ "$tries" -lt ${LOGIN_SECONDS} ] || { echo "no connection to port ${PUBLISH_PORT} of the master"; exit 1; }
  systemctl is-active --quiet ${MINION_UNIT} || { echo "${MINION_UNIT} does not run"; exit 1; }
  sleep 1
done`;
