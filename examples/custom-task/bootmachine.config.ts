// A function of one's own over the stack's hosts: bootmachine run deploy -- 1.2.3
import { defineStack, local } from "bootmachine";

export default defineStack({
  name: "shop",
  provider: local(),
  ssh: { identityFile: "~/.ssh/id_ed25519" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["~/.ssh/id_ed25519.pub"] }],
  servers: [{ name: "web", count: 2, roles: ["web"] }],
  tasks: {
    deploy: {
      description: "Note a release on every host, one after the other",
      run: async ({ hosts, args, log, signal }) => {
        const [release] = args;
        if (release === undefined) {
          throw new Error("say which release: bootmachine run deploy -- 1.2.3");
        }
        for (const host of hosts) {
          signal.throwIfAborted();
          await host.put(`${release}\n`, "/etc/shop-release", { mode: "0644" });
          const { stdout } = await host.run("cat /etc/shop-release", { timeoutMs: 60_000 });
          log(`${host.name}: ${stdout.trim()}`);
        }
      },
    },
  },
});
