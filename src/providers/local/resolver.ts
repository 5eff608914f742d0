import { readFile } from "node:fs/promises";

/** Where resolvers stand, the ones that a stub on loopback forwards to after the stub's own file. */
const FILES = [
  "/etc/resolv.conf",
  "/run/systemd/resolve/resolv.conf",
  "/run/NetworkManager/no-stub-resolv.conf",
  "/run/NetworkManager/resolv.conf",
];

export interface Resolver {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
}

/** Resolvers that a server on the bridge can reach: the first file that names one which is not on loopback. */
export async function readResolver(files: readonly string[] = FILES): Promise<Resolver> {
  for (const file of files) {
    const resolver = parseResolver(await readFile(file, "utf8").catch(() => ""));
    if (resolver.nameservers.length > 0) return resolver;
  }
  return { nameservers: [], search: [] };
}

export function parseResolver(text: string): Resolver {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    const first = rest[0] ?? "";
    // Loopback is another computer's loopback from inside a server; link-local needs a zone of ours.
    if (word === "nameserver" && !/^127\.|^::1$|^fe80:/i.test(first)) nameservers.push(first);
    if (word === "search") search = rest;
  }
  return { nameservers, search };
}

export function renderResolver(resolver: Resolver): string {
  const lines = resolver.nameservers.map((address) => `nameserver ${address}`);
  if (resolver.search.length > 0) lines.push(`search ${resolver.search.join(" ")}`);
  return `${lines.join("\n")}\n`;
}
