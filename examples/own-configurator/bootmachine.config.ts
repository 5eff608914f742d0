// A stack with a configurator of one's own: bootmachine up
import { defineStack, local } from "bootmachine";

import { snippets } from "./snippets.ts";

export default defineStack({
  name: "shop",
  provider: local(),
  ssh: { identityFile: "~/.ssh/id_ed25519" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["~/.ssh/id_ed25519.pub"] }],
  servers: [{ name: "web1", roles: ["web"] }, { name: "db1" }],
  configurator: snippets({ folder: "./snippets" }),
});
