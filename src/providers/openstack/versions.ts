import { z } from "zod";

import type { ServiceName } from "./account.ts";

/**
 * The newest micro-version of Nova that this client was written against (Train). Newer clouds speak it; with older
 * ones their newest is used, and what a micro-version brings is left out where it is missing.
 */
const NEWEST_KNOWN = "2.79";

/** The root of the version of a service that is spoken here, whatever the catalogue's address ends with. */
export function serviceRoot(service: ServiceName, endpoint: string): string {
  switch (service) {
    case "compute":
      return /\/v2(\.\d+)?(\/|$)/.test(endpoint) ? endpoint : `${endpoint}/v2.1`;
    case "network":
      return endpoint.endsWith("/v2.0") ? endpoint : `${endpoint}/v2.0`;
    case "image":
      // Rackspace puts the account behind the version.
      return /\/v2(\/|$)/.test(endpoint) ? endpoint : `${endpoint.replace(/\/v1$/, "")}/v2`;
  }
}

const versionSchema = z.object({
  version: z.object({ version: z.string().optional(), min_version: z.string().optional() }),
});

/** The micro-version to ask Nova for, from the document at its root; undefined: it has none. */
export function computeVersion(document: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(document);
  } catch {
    return undefined;
  }
  const parsed = versionSchema.safeParse(body);
  const newest = parsed.data?.version.version;
  const oldest = parsed.data?.version.min_version;
  if (newest === undefined || newest === "") return undefined;
  const wanted = compareVersions(newest, NEWEST_KNOWN) < 0 ? newest : NEWEST_KNOWN;
  // A cloud that has left our newest behind is asked for its own oldest.
  return oldest !== undefined && compareVersions(wanted, oldest) < 0 ? oldest : wanted;
}

/** Negative, zero or positive: "2.9" comes before "2.10". */
export function compareVersions(one: string, other: string): number {
  const [a = 0, b = 0] = one.split(".").map(Number);
  const [c = 0, d = 0] = other.split(".").map(Number);
  return a - c || b - d;
}
