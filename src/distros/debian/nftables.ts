import { FIREWALL_TABLES } from "../../program/host-reads.ts";
import type { FirewallOpening, FirewallResource, Resource } from "../../program/resource.ts";

/** The rules, loaded by a unit of our own. */
export const NFT_RULES = "/etc/nftables.d/bootmachine.nft";
export const NFT_UNIT = "/etc/systemd/system/bootmachine-firewall.service";
/** What `nft list table` said right after the rules were loaded: what a later check compares the live table with. */
export const NFT_LIVE_COPY = "/var/lib/bootmachine/firewall-live.nft";

function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** nft takes no quote inside a comment, and at most 128 bytes. */
function commentOf(opening: FirewallOpening): string {
  const text = (opening.comment ?? "").replaceAll(/[^ -!#-[\]-~]/g, "").slice(0, 100);
  return text === "" ? "" : ` comment "${text}"`;
}

function openingRules(opening: FirewallOpening): readonly string[] {
  const end = `${opening.protocol} dport ${opening.port} accept${commentOf(opening)}`;
  if (opening.from === "anywhere") return [end];
  // A set takes no overlapping ranges, so each range is a rule of its own; plain addresses, which may be many, are a set.
  const from = [...new Set(opening.from)];
  const plain = from.filter((address) => !address.includes("/"));
  const sets = [plain.filter((address) => !isIpv6(address)), plain.filter(isIpv6)];
  const ranges = from.filter((address) => address.includes("/")).map((address) => [address]);
  return [...sets, ...ranges].flatMap((addresses) => {
    const [first] = addresses;
    if (first === undefined) return [];
    return [`${isIpv6(first) ? "ip6" : "ip"} saddr { ${addresses.join(", ")} } ${end}`];
  });
}

/** The whole rules file: replaces our own table in one transaction and touches no other. */
export function nftRules(openings: readonly FirewallOpening[]): string {
  return `#!/usr/sbin/nft -f
# Written by bootmachine, and put back by it when it is changed. Loaded by bootmachine-firewall.service.
# Other tables (docker's, fail2ban's, your own) are not touched: a packet has to pass all of them.
# To open a port, add it to the stack's config; by hand, until the next run:
#   nft insert rule inet bootmachine input tcp dport 8080 accept

# The first line makes the table where there is none, so that the second cannot fail. All of this file is one transaction.
table inet bootmachine
delete table inet bootmachine

table inet bootmachine {
	chain input {
		type filter hook input priority 0; policy drop;

		iif "lo" accept
		ct state established,related accept

		# Neighbour discovery is how IPv6 finds its router and its neighbours; a hop limit of 255 proves that it comes from this link.
		icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
		ip6 saddr fe80::/10 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept

		ct state invalid drop

		# Errors without which path MTU discovery and traceroute break.
		icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
		icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
		icmp type echo-request limit rate 20/second burst 50 packets accept
		icmpv6 type echo-request limit rate 20/second burst 50 packets accept

		# Answers to this host's own DHCP client, which may come from an address that it did not ask.
		udp sport 67 udp dport 68 accept
		ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept

${openings
  .flatMap(openingRules)
  .map((rule) => `\t\t${rule}\n`)
  .join("")}	}
}
`;
}

const UNIT = `# Written by bootmachine.
[Unit]
Description=Firewall of bootmachine (table inet bootmachine)
Documentation=man:nft(8)
DefaultDependencies=no
Wants=network-pre.target
After=local-fs.target nftables.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
# Debian's nftables.service begins with "flush ruleset": whenever it is started or reloaded, our table is loaded after it.
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
# A host that goes back to a time before this firewall, while it boots, has no rules to load any more.
ConditionPathExists=${NFT_RULES}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${NFT_RULES}
ExecReload=/usr/sbin/nft -f ${NFT_RULES}

[Install]
WantedBy=sysinit.target
WantedBy=nftables.service
`;

/** The live table, without counters, or nothing where there is none. */
const LIST = "nft -s list table inet bootmachine 2>/dev/null";

/**
 * The firewall as an nftables table of our own.
 *
 * Only the input hook: forwarding is left to whoever uses it (docker, a VPN), and Linux forwards nothing unless told to.
 */
export function nftablesResources(resource: FirewallResource, id: string): readonly Resource[] {
  const guard = {
    ...(resource.onlyIf === undefined ? {} : { onlyIf: resource.onlyIf }),
    ...(resource.skipReason === undefined ? {} : { skipReason: resource.skipReason }),
  };
  return [
    { type: "package", id: `${id} package`, names: ["nftables"], ...guard },
    {
      type: "command",
      id: `${id} nftables works`,
      reads: FIREWALL_TABLES,
      check: String.raw`case $bm_tables in *'nft ended with '*) echo "the kernel, or this container, does not let us use nftables: $bm_tables"; false ;; esac`,
      showCheckOutput: true,
      ...guard,
    },
    { type: "directory", id: `${id} directory`, path: "/etc/nftables.d", ...guard },
    {
      type: "file",
      id: `${id} rules`,
      path: NFT_RULES,
      content: nftRules(resource.openings),
      mode: "0600",
      validate: `nft -c -f "$1"`,
      ...guard,
    },
    {
      type: "file",
      id: `${id} unit`,
      path: NFT_UNIT,
      content: UNIT,
      triggers: [{ run: "systemctl daemon-reload" }],
      ...guard,
    },
    {
      type: "command",
      id: `${id} live rules`,
      // A rule that somebody added, a table that somebody flushed, a file that was not loaded: all of them differ here.
      check: String.raw`[ -s ${NFT_LIVE_COPY} ] && [ -z "$(find ${NFT_RULES} -newer ${NFT_LIVE_COPY})" ] && ${LIST} | cmp -s - ${NFT_LIVE_COPY} || {
  if [ -s ${NFT_LIVE_COPY} ]; then
    echo "the live rules are not the wanted ones (- loaded by bootmachine, + live now):"
    ${LIST} | diff -U0 ${NFT_LIVE_COPY} - | grep '^[-+][^-+]'
  fi
  false
}`,
      run: String.raw`nft -f ${NFT_RULES} && mkdir -p -m 0700 /var/lib/bootmachine &&
${LIST} >${NFT_LIVE_COPY}.new && mv ${NFT_LIVE_COPY}.new ${NFT_LIVE_COPY}`,
      showCheckOutput: true,
      timeoutSeconds: 30,
      ...guard,
    },
    {
      type: "service",
      id: `${id} at boot`,
      name: "bootmachine-firewall.service",
      enabled: true,
      running: true,
      ...guard,
      ...(resource.triggers === undefined ? {} : { triggers: resource.triggers }),
    },
  ];
}
