/** What several checks read of a host (`CommandResource.reads`), so that they share one look. */

/** Sockets that listen, a line each: "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:((\"sshd\",pid=1,fd=3))"; where ss does not work, what it says. */
export const LISTENERS = { bm_listeners: 'ss -Hltunp 2>&1 || echo "ss ended with $?"' } as const;

/** nftables' tables, "table inet filter" a line; where nft does not work, what it says and "nft ended with STATUS". */
export const FIREWALL_TABLES = {
  bm_tables: 'nft list tables 2>&1 || echo "nft ended with $?"',
} as const;
