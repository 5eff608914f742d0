// A tool with agents that ask a master over the network, as small as one can be and still be one: a daemon on each server,
// keys that the master must know, states that it hands out, a port for the members alone. It proves the suite, and the
// fleet, in minutes where the real tools take hours.
import { defineConfigurator, type Configurator, type Member } from "../../src/plugin.ts";
import { keyBook } from "./key-book.ts";

const FOLDER = "/etc/pull";
const KEYS = keyBook(FOLDER);
const PORT = 4242;
const STATES = "/srv/pull";

/** One connection: "ID HASH" comes in; the states go out to those who are known. */
const MASTER_SCRIPT = `#!/bin/sh
read -r id hash
if [ "$(cat ${FOLDER}/accepted/"$id" 2>/dev/null)" = "$hash" ]; then
  echo ok
  cat ${STATES}/*
else
  echo "$hash" >${FOLDER}/waiting/"$id"
  echo no
fi
`;

/** Asks the master once and prints its answer. bash: a shell that can open a connection by itself. */
const ASK_SCRIPT = `#!/bin/bash
exec 3<>/dev/tcp/"$(cat ${FOLDER}/master)"/${PORT} || exit 1
echo "$(cat ${FOLDER}/id) $(sha256sum <${FOLDER}/key | cut -c1-16)" >&3
cat <&3
`;

const AGENT_SCRIPT = `#!/bin/sh
while :; do
  timeout 5 ${FOLDER}/ask >${FOLDER}/answer.new 2>&1
  mv ${FOLDER}/answer.new ${FOLDER}/answer
  sleep 2
done
`;

const unit = (text: string): string => `# Written for the test's own tool.\n${text}`;

/** The answer's lines are "PATH TEXT": a file and what is to be in it; or "PROGRAM run". */
const RUN_SCRIPT = `echo "asking the master"
timeout 20 ${FOLDER}/ask >/run/pull-answer || { echo "no master answers"; exit 1; }
read -r first </run/pull-answer
[ "$first" = ok ] || { echo "the master does not know us"; exit 1; }
sed 1d /run/pull-answer | while read -r path text; do
  case $path in
  /*) ;;
  *) echo "failed $path is not a path of a state" >>"$BM_RESULT"; continue ;;
  esac
  if [ "$text" = run ]; then
    if "$path"; then echo "changed $path" >>"$BM_RESULT"; else echo "failed $path" >>"$BM_RESULT"; fi
    continue
  fi
  if [ "$(cat "$path" 2>/dev/null)" = "$text" ]; then echo "ok $path" >>"$BM_RESULT"
  else sleep 1; echo "$text" >"$path" && echo "changed $path" >>"$BM_RESULT"; fi
done`;

export function pullTool(): Configurator {
  return defineConfigurator({
    kind: "configurator",
    apiVersion: 1,
    name: "pull",
    topology: "agent",
    masterPorts: [{ port: PORT, protocol: "tcp", comment: "pull" }],
    minimumMemoryMb: { master: 0, agent: 0 },
    install: ({ member }) => [
      { type: "directory", path: FOLDER },
      { type: "file", path: `${FOLDER}/ask`, content: ASK_SCRIPT, mode: "0755" },
      { type: "file", path: `${FOLDER}/agent`, content: AGENT_SCRIPT, mode: "0755" },
      {
        type: "file",
        path: "/etc/systemd/system/pull-agent.service",
        content: unit(
          `[Service]\nExecStart=${FOLDER}/agent\n[Install]\nWantedBy=multi-user.target\n`,
        ),
        triggers: [{ run: "systemctl daemon-reload" }],
      },
      ...(member.isMaster
        ? ([
            { type: "directory", path: `${FOLDER}/accepted` },
            { type: "directory", path: `${FOLDER}/waiting` },
            { type: "file", path: `${FOLDER}/serve`, content: MASTER_SCRIPT, mode: "0755" },
            {
              type: "file",
              path: "/etc/systemd/system/pull-master@.service",
              content: unit(
                `[Unit]\nCollectMode=inactive-or-failed\n[Service]\nExecStart=${FOLDER}/serve\nStandardInput=socket\nStandardError=journal\n`,
              ),
              triggers: [{ run: "systemctl daemon-reload" }],
            },
            {
              type: "file",
              path: "/etc/systemd/system/pull-master.socket",
              content: unit(
                `[Socket]\nListenStream=${PORT}\nAccept=yes\n[Install]\nWantedBy=sockets.target\n`,
              ),
              triggers: [{ run: "systemctl daemon-reload" }],
            },
            { type: "service", name: "pull-master.socket", enabled: true, running: true },
          ] as const)
        : []),
    ],
    enroll: ({ member, master }) => [
      ...KEYS.enroll(member.server),
      {
        on: "member",
        title: "starting the agent",
        resources: () => [
          { type: "file", path: `${FOLDER}/id`, content: `${member.server}\n` },
          { type: "file", path: `${FOLDER}/master`, content: `${master?.address ?? ""}\n` },
          { type: "service", name: "pull-agent.service", enabled: true, running: true },
        ],
      },
    ],
    trees: () => [{ name: "states", local: "states", remote: STATES, on: "master" }],
    configure: () => [],
    run: ([context]) => ({
      on: "member",
      title: "pull apply",
      script: RUN_SCRIPT,
      parse: ({ result, exitStatus, output }) => [
        {
          server: context?.member.server ?? "",
          changes: result
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => {
              const [status = "", ...words] = line.split(" ");
              return status === "failed"
                ? { id: words[0] ?? "", status: "failed" as const, reason: words.join(" ") }
                : ({ id: words[0] ?? "", status: status === "ok" ? "ok" : "changed" } as const);
            }),
          ...(exitStatus === 0 ? {} : { failure: output.at(-1) ?? "" }),
        },
      ],
    }),
    verify: () => [
      {
        id: "agent-runs",
        title: "the agent runs and starts at boot",
        resource: {
          type: "command",
          id: "agent runs",
          check:
            "systemctl is-active --quiet pull-agent && systemctl is-enabled --quiet pull-agent",
        },
      },
    ],
    agents: KEYS.agents,
    revoke: KEYS.revoke,
    restart: (_member: Member) => "systemctl restart pull-agent",
  });
}

/** A stranger who knows the master's address: run on a member, whom the firewall lets through. */
export function knock(master: string): string {
  return `bash -c 'exec 3<>/dev/tcp/${master}/${PORT}; echo "mallory 0123456789abcdef" >&3; cat <&3' | grep -qx no`;
}
