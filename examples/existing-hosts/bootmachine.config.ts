// Hosts that are there already, by address: nothing is booted, everything else is the same.
import { defineStack, env, existing } from "bootmachine";

export default defineStack({
  name: "rack",
  provider: existing({
    hosts: {
      web1: {
        address: env("WEB1_ADDRESS", "192.0.2.10"),
        user: "root",
        // Read on the host's console: cat /etc/ssh/ssh_host_ed25519_key.pub
        hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
      },
      db1: { address: "192.0.2.11", user: "root" },
    },
  }),
  ssh: { identityFile: "~/.ssh/id_ed25519" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["~/.ssh/id_ed25519.pub"] }],
  firewall: [{ port: 443, from: "anywhere", roles: ["web"] }],
  servers: [
    { name: "web1", roles: ["web"] },
    // No key is known for this one, and the risk is accepted in so many words.
    { name: "db1", roles: ["database"], ssh: { identity: "first-use" } },
  ],
});
