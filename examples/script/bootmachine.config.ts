// No tool is installed: bootmachine itself keeps these resources, by role, with each `up`.
import { defineStack, local, script } from "bootmachine";

export default defineStack({
  name: "shop",
  provider: local(),
  ssh: { identityFile: "~/.ssh/id_ed25519" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["~/.ssh/id_ed25519.pub"] }],
  firewall: [{ port: 80, from: "anywhere", roles: ["web"] }],
  servers: [
    { name: "web", count: 2, roles: ["web"] },
    { name: "db", roles: ["database"] },
  ],
  configurator: script({
    resources: {
      "*": [{ type: "package", names: ["curl"] }],
      // A function is asked once for each server: it knows the server, its facts and the other members.
      web: ({ member, members }) => [
        { type: "package", names: ["nginx"] },
        {
          type: "file",
          path: "/etc/nginx/conf.d/shop.conf",
          content: [
            "upstream shop {",
            ...members
              .filter(({ roles }) => roles.includes("database"))
              .map(({ address }) => `  server ${address}:5432;`),
            "}",
            `# written for ${member.server}`,
            "",
          ].join("\n"),
          triggers: [{ reload: "nginx" }],
        },
        { type: "service", name: "nginx", enabled: true, running: true },
      ],
      database: [
        { type: "directory", path: "/srv/backup", mode: "0700" },
        {
          type: "command",
          id: "first backup",
          check: "test -e /srv/backup/first",
          run: "date >/srv/backup/first",
        },
      ],
    },
  }),
});
