// A stack at a provider of one's own: bootmachine up
import { defineStack, env } from "bootmachine";

import { shelf } from "./shelf.ts";

export default defineStack({
  name: "shop",
  provider: shelf({
    url: env("SHELF_URL", "http://shelf.office:8080"),
    token: env("SHELF_TOKEN", "none"),
  }),
  ssh: { identityFile: "~/.ssh/id_ed25519" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["~/.ssh/id_ed25519.pub"] }],
  servers: [
    { name: "web", count: 2, roles: ["web"], image: { distro: "debian-13" } },
    { name: "db1", size: { cpus: 4, memoryGb: 8 } },
  ],
});
