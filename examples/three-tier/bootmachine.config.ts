// A load balancer, three application servers and a database, on this computer.
// The same stack stands in yaml/ and json/ beside this file.
import { defineStack, local } from "bootmachine";

export default defineStack({
  name: "three-tier",
  provider: local(),

  ssh: { port: 2849, identityFile: "~/.ssh/id_ed25519" },

  operator: "ada",
  groups: [{ name: "deployers", gid: 3000 }],
  users: [
    {
      name: "ada",
      fullName: "Ada Lovelace",
      groups: ["deployers"],
      sudo: "nopasswd",
      keys: ["~/.ssh/id_ed25519.pub"],
    },
    // Can log in and deploy, and cannot become root.
    {
      name: "grace",
      fullName: "Grace Hopper",
      groups: ["deployers"],
      keys: [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f grace@laptop",
      ],
    },
  ],

  // Everything that is not named here is dropped; the ssh port is opened by itself.
  firewall: [
    { port: 80, from: "anywhere", roles: ["loadbalancer"] },
    { port: 443, from: "anywhere", roles: ["loadbalancer"] },
    { port: 8000, from: "stack", roles: ["application"] },
    { port: 5432, from: "stack", roles: ["database"] },
  ],

  upgrades: { atBoot: "all", automatic: "security", reboot: "if-needed" },

  servers: [
    { name: "loadbalancer", roles: ["loadbalancer"], image: "debian-13" },
    { name: "application", count: 3, roles: ["application"], image: "debian-12" },
    {
      name: "database",
      roles: ["database"],
      image: "debian-12",
      // A database is upgraded and rebooted by people.
      upgrades: { automatic: "none", reboot: "never" },
    },
  ],
});
