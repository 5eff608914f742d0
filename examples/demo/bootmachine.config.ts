// The stack of `npm run demo`: three servers on this computer, one for each Debian release.
import { defineStack, local } from "bootmachine";

export default defineStack({
  name: "demo",
  provider: local(),

  // scripts/demo.sh makes this key pair when it is not there.
  ssh: { port: 2849, identityFile: ".bootmachine/operator-key" },

  operator: "ada",
  users: [
    {
      name: "ada",
      fullName: "Ada Lovelace",
      sudo: "nopasswd",
      keys: [{ file: ".bootmachine/operator-key.pub" }],
    },
  ],

  firewall: [
    { port: 80, from: "anywhere", roles: ["loadbalancer"] },
    { port: 443, from: "anywhere", roles: ["loadbalancer"] },
    { port: 8000, from: "stack", roles: ["application"] },
    { port: 5432, from: "stack", roles: ["database"] },
  ],

  servers: [
    { name: "loadbalancer", roles: ["loadbalancer"], image: "debian-13", size: "small" },
    { name: "application", roles: ["application"], image: "debian-12", size: "small" },
    { name: "database", roles: ["database"], image: "debian-11", size: "small" },
  ],

  tasks: {
    ports: {
      description: "Show on which TCP ports each server listens",
      run: async ({ hosts, log }) => {
        for (const host of hosts) {
          const { stdout } = await host.run("ss -Hltn | awk '{ print $4 }' | sort");
          log(`${host.name}: ${stdout.trim().split("\n").join(", ")}`);
        }
      },
    },
  },
});
