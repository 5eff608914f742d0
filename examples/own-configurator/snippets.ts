// A configurator of one's own: a folder of shell snippets, run on each server in the order of their names. A snippet is
// called with the word `check`, and with the word `apply` where its check fails.
import {
  defineConfigurator,
  type Configurator,
  type MemberReport,
  type ToolChange,
} from "bootmachine/plugin";

/** On the servers: the runner, the folder of snippets, and what they may read of their server. */
const RUNNER = "/usr/local/sbin/run-snippets";
const FOLDER = "/var/lib/snippets";
const DATA = "/etc/snippets.json";

/** One line for each snippet goes to $BM_RESULT: status, name and reason, with tabs between them. */
const RUNNER_TEXT = `#!/bin/sh
# Runs the snippets of a folder, each only where its own check fails.
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for snippet in "$1"/*.sh; do
	[ -f "$snippet" ] || continue
	reason=
	if sh "$snippet" check >/dev/null 2>&1; then
		status=ok
	else
		echo "applying \${snippet##*/}"
		status=changed
		if ! sh "$snippet" apply >"$log" 2>&1; then
			status=failed
			reason=$(tail -n 1 "$log" | tr '\\t' ' ')
		fi
		cat "$log"
	fi
	printf '%s\\t%s\\t%s\\n' "$status" "\${snippet##*/}" "$reason" >>"$BM_RESULT"
done
`;

export interface SnippetsOptions {
  /** Your folder of snippets, counted from the config's folder. */
  readonly folder: string;
}

/** Shell snippets, without a master: the folder goes to each server, and each server applies it by itself. */
export function snippets({ folder }: SnippetsOptions): Configurator {
  return defineConfigurator({
    kind: "configurator",
    apiVersion: 1,
    name: "snippets",
    topology: "solo",
    masterPorts: [],
    minimumMemoryMb: { master: 0, agent: 0 },

    // Phase install: resources, checked on every `up`, mended where they differ.
    install: () => [{ type: "file", path: RUNNER, mode: "0755", content: RUNNER_TEXT }],

    // Phase enroll: there is no master to know, and no key to exchange.
    enroll: () => [],

    // Phase configure: the folder is brought over whole, then these resources, then the tool runs.
    trees: () => [{ name: "snippets", local: folder, remote: FOLDER, on: "member" }],
    configure: ({ member }) => [
      {
        on: "member",
        title: "writing what the snippets may know",
        resources: () => [
          { type: "file", path: DATA, content: `${JSON.stringify(member.data, undefined, 2)}\n` },
        ],
      },
    ],
    run(members) {
      const [context] = members;
      if (context === undefined) return undefined;
      const { server, roles } = context.member;
      return {
        on: "member",
        title: "run-snippets",
        // Names and roles are letters, digits and hyphens: nothing in them means anything to a shell.
        script: `SERVER=${server} ROLES="${roles.join(" ")}" ${RUNNER} ${FOLDER}`,
        parse: ({ result, exitStatus }) => [parseReport(server, result, exitStatus)],
      };
    },

    // Phase verify, and each look at a server that is there.
    verify: () => [
      {
        id: "runner-there",
        title: "the snippets' runner is there",
        resource: {
          type: "command",
          id: "snippets runner",
          check: `[ -x ${RUNNER} ] || { echo "${RUNNER} is missing"; exit 1; }`,
        },
      },
    ],
  });
}

function parseReport(server: string, result: string, exitStatus: number): MemberReport {
  const changes = result
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine);
  return exitStatus === 0
    ? { server, changes }
    : { server, changes, failure: `run-snippets ended with exit status ${exitStatus}` };
}

function parseLine(line: string): ToolChange {
  const [status, id = "", reason = ""] = line.split("\t");
  return {
    id,
    status: status === "ok" || status === "changed" ? status : "failed",
    ...(reason === "" ? {} : { reason }),
  };
}
