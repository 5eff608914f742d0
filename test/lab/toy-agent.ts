// A tool with agents and a master, as small as one can be: the master trusts an agent by the hash of its key.
import { defineConfigurator, type Configurator } from "../../src/plugin.ts";

const FOLDER = "/etc/toy";
export const TOY_RESTARTS = "/run/toy-restarts";

export function toyAgent(): Configurator {
  return defineConfigurator({
    kind: "configurator",
    apiVersion: 1,
    name: "toy",
    topology: "agent",
    masterPorts: [{ port: 4242, protocol: "tcp", comment: "toy" }],
    minimumMemoryMb: { master: 0, agent: 0 },
    install: () => [{ type: "directory", path: FOLDER }],
    enroll: ({ member }) => [
      {
        on: "member",
        title: "making the agent's key",
        resources: () => [
          {
            type: "command",
            id: "toy key",
            check: `[ -s ${FOLDER}/key ]`,
            run: `umask 077 && head -c 32 /dev/urandom >${FOLDER}/key`,
          },
        ],
        read: { name: "key", script: `sha256sum ${FOLDER}/key | cut -c1-16` },
      },
      {
        on: "master",
        title: "the master learns the key",
        resources: (readings) => [
          { type: "directory", path: `${FOLDER}/accepted` },
          {
            type: "file",
            path: `${FOLDER}/accepted/${member.server}`,
            content: `${readings["key"]}\n`,
          },
        ],
      },
    ],
    trees: () => [{ name: "states", local: "states", remote: "/srv/toy", on: "master" }],
    configure: () => [],
    run: (members) => ({
      on: "master",
      title: "toy apply",
      script: `for name in ${members.map(({ member }) => member.server).join(" ")}; do
	echo "$name $(cat /srv/toy/greeting)" >>"$BM_RESULT"
done`,
      parse: ({ result }) =>
        result
          .trimEnd()
          .split("\n")
          .map((line) => {
            const [server = "", ...words] = line.split(" ");
            return { server, changes: [{ id: words.join(" "), status: "ok" as const }] };
          }),
    }),
    verify: () => [],
    agents: {
      script: `cd ${FOLDER} || exit 1
for state in accepted waiting; do
	for file in $state/*; do
		[ ! -f "$file" ] || echo "$state \${file##*/} $(cat "$file")"
	done
done`,
      parse: (text) =>
        text
          .trimEnd()
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => {
            const [state, id = "", fingerprint = ""] = line.split(" ");
            return { id, state: state === "accepted" ? "accepted" : "waiting", fingerprint };
          }),
    },
    revoke: (server) =>
      ["accepted", "waiting"].map((state) => ({
        type: "file",
        path: `${FOLDER}/${state}/${server}`,
        state: "absent",
      })),
    restart: () => `date +%s.%N >>${TOY_RESTARTS}`,
  });
}
