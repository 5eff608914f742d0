import { randomBytes } from "node:crypto";

import { runCommand } from "../../src/providers/local/command.ts";

/** What a cloud's firewall lets in by TCP. */
export interface CloudRule {
  readonly port: number;
  /** An IPv4 or IPv6 block. */
  readonly from: string;
}

/**
 * A cloud's firewall before servers of this computer: what goes from here to their network is refused, but for what the
 * cloud's rules let in. As at a cloud, connections that are there already stay.
 */
export class CloudFirewall {
  readonly #table = `bm_cloud_${randomBytes(3).toString("hex")}`;
  readonly #network: string;

  /** @param network the servers' own, IPv4 */
  constructor(network: string) {
    this.#network = network;
  }

  /** In one step; what was enforced before is forgotten. */
  async enforce(rules: readonly CloudRule[]): Promise<void> {
    const accepted = rules
      .filter(({ from }) => !from.includes(":"))
      .map(({ port, from }) => `ip saddr ${from} tcp dport ${port} accept`);
    await runCommand(["nft", "-f", "-"], {
      stdin: `table inet ${this.#table}
delete table inet ${this.#table}
table inet ${this.#table} {
  chain output {
    type filter hook output priority filter; policy accept;
    ip daddr != ${this.#network} accept
    ct state established,related accept
    meta l4proto icmp accept
    ${accepted.join("\n    ")}
    reject with icmpx admin-prohibited
  }
}
`,
    });
  }

  async remove(): Promise<void> {
    await runCommand(["nft", "delete", "table", "inet", this.#table], { allowFailure: true });
  }
}
