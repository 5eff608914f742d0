// A tool with agents and a master, as small as one can be: the master trusts an agent by the hash of its key.
import { defineConfigurator, type Configurator } from "../../src/plugin.ts";
import { keyBook } from "./key-book.ts";

const FOLDER = "/etc/toy";
const KEYS = keyBook(FOLDER);
/** What `states/reboot` names is the server that the tool wants to have rebooted, once. */
export const TOY_REBOOT = "reboot: toy asks for it";
/** The greeting that the tool's own server has taken in. */
export const TOY_TAKEN = `${FOLDER}/taken`;
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
    enroll: ({ member }) => KEYS.enroll(member.server),
    trees: () => [
      {
        name: "states",
        local: "states",
        remote: "/srv/toy",
        on: "master",
        taken: [
          {
            type: "command",
            id: "states taken in",
            check: `[ "$(cat ${TOY_TAKEN} 2>/dev/null)" = "$(cat /srv/toy/greeting)" ]`,
            run: `cat /srv/toy/greeting >${TOY_TAKEN}`,
          },
        ],
      },
    ],
    configure: () => [],
    run: (members) => ({
      on: "master",
      title: "toy apply",
      script: `for name in ${members.map(({ member }) => member.server).join(" ")}; do
	asks=
	# As most tools do, it asks once.
	if [ "$(cat /srv/toy/reboot 2>/dev/null)" = "$name" ] && [ ! -e ${FOLDER}/asked ]; then
		asks=! && : >${FOLDER}/asked
	fi
	echo "$name$asks $(cat /srv/toy/greeting)" >>"$BM_RESULT"
done`,
      parse: ({ result }) =>
        result
          .trimEnd()
          .split("\n")
          .map((line) => {
            const [name = "", ...words] = line.split(" ");
            return {
              server: name.replace("!", ""),
              changes: [{ id: words.join(" "), status: "ok" as const }],
              wantsReboot: name.endsWith("!"),
            };
          }),
    }),
    verify: ({ member, members }) =>
      member.isMaster
        ? [
            {
              id: "accepted",
              title: "the master accepts members alone",
              resource: {
                type: "command",
                id: "accepted",
                check: `for file in ${FOLDER}/accepted/*; do
	case \${file##*/} in ${members.map(({ server }) => server).join(" | ")}) ;; *) exit 1 ;; esac
done`,
              },
            },
          ]
        : [],
    agents: KEYS.agents,
    revoke: KEYS.revoke,
    restart: () => `date +%s.%N >>${TOY_RESTARTS}`,
  });
}
