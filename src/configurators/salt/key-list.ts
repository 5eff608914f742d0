import type { Agent } from "../contract.ts";

/** All keys at the master with their fingerprints; the master's own come under "local". */
export const LIST_KEYS = "salt-key --log-level=quiet --finger-all --out=json";

/** By Salt's names of the folders. A denied key claims a name that another key has. */
const STATES: Readonly<Record<string, Agent["state"]>> = {
  minions: "accepted",
  minions_pre: "waiting",
  minions_rejected: "rejected",
  minions_denied: "rejected",
};

/** Reads what \`salt-key --finger-all --out=json\` prints; nothing at all where there is no key. */
export function parseKeys(text: string): readonly Agent[] {
  const start = text.indexOf("{");
  if (start === -1) return [];
  const folders = JSON.parse(text.slice(start)) as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >;
  return Object.entries(STATES).flatMap(([folder, state]) =>
    Object.entries(folders[folder] ?? {}).map(([id, fingerprint]) => ({
      id,
      state,
      ...(typeof fingerprint === "string" ? { fingerprint } : {}),
    })),
  );
}
