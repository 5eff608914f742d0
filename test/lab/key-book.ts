import type { Configurator, Step } from "../../src/plugin.ts";

/**
 * What the tests' own small tools have in common: the master trusts an agent by the hash of its key, written down in
 * FOLDER/accepted/NAME; who only knocked stands in FOLDER/waiting.
 */
export function keyBook(folder: string): {
  enroll(server: string): readonly Step[];
  readonly agents: NonNullable<Configurator["agents"]>;
  readonly revoke: NonNullable<Configurator["revoke"]>;
} {
  return {
    enroll: (server) => [
      {
        on: "member",
        title: "making the agent's key",
        resources: () => [
          {
            type: "command",
            id: "agent's key",
            check: `[ -s ${folder}/key ]`,
            run: `umask 077 && head -c 32 /dev/urandom >${folder}/key`,
          },
        ],
        read: { name: "key", script: `sha256sum <${folder}/key | cut -c1-16` },
      },
      {
        on: "master",
        title: "the master learns the key",
        resources: ({ key }) => [
          { type: "directory", path: `${folder}/accepted` },
          { type: "directory", path: `${folder}/waiting` },
          { type: "file", path: `${folder}/accepted/${server}`, content: `${key}\n` },
          { type: "file", path: `${folder}/waiting/${server}`, state: "absent" },
        ],
      },
    ],
    agents: {
      script: `cd ${folder} || exit 1
for file in accepted/* waiting/*; do
  [ ! -f "$file" ] || echo "\${file%/*} \${file##*/} $(cat "$file")"
done`,
      parse: (text) =>
        text
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
        path: `${folder}/${state}/${server}`,
        state: "absent",
      })),
  };
}
