import { z } from "zod";

import { InternalError, ProviderError, UserError } from "../../errors/error.ts";
import { suggestWord } from "../../stack/suggest.ts";
import type { Account, AuthMethod, ServiceName } from "./account.ts";

/** What Keystone gives for the credentials. */
export interface Session {
  /** A secret. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly catalog: readonly CatalogEntry[];
  /** The project that the token is for, for people and for lists that show others' things too. */
  readonly projectId: string;
}

const catalogEntrySchema = z.object({
  type: z.string(),
  endpoints: z.array(
    z.object({
      interface: z.string(),
      url: z.string(),
      region: z.string().nullish(),
      region_id: z.string().nullish(),
    }),
  ),
});
type CatalogEntry = z.output<typeof catalogEntrySchema>;

export const tokenSchema = z.object({
  token: z.object({
    expires_at: z.string(),
    catalog: z.array(catalogEntrySchema).default([]),
    project: z.object({ id: z.string() }).optional(),
  }),
});

/** The body of `POST /v3/auth/tokens`. A secret. */
export function tokenRequest({ auth, project }: Account): unknown {
  // An application credential is bound to its project; Keystone refuses a scope beside it.
  const scope =
    project === undefined || auth.kind === "application-credential" ? {} : { scope: { project } };
  return { auth: { identity: identityOf(auth), ...scope } };
}

function identityOf(auth: AuthMethod): unknown {
  switch (auth.kind) {
    case "password":
      return {
        methods: ["password"],
        password: { user: { ...auth.user, password: auth.password } },
      };
    case "application-credential":
      return {
        methods: ["application_credential"],
        application_credential: { ...auth.credential, secret: auth.secret },
      };
    case "token":
      return { methods: ["token"], token: { id: auth.token } };
    case "api-key":
    case "v2-password":
      throw new InternalError(`A ${auth.kind} is for version 2.0 of the identity service.`);
  }
}

/** @throws ProviderError PROVIDER_AUTH where the token is for no project: nothing can be made with it. */
export function toSession(
  account: Account,
  token: string,
  body: z.output<typeof tokenSchema>,
): Session {
  const { expires_at: expires, catalog, project } = body.token;
  if (project === undefined) {
    throw new ProviderError("PROVIDER_AUTH", `${account.source} names no project.`, {
      hint: "Add project_name (OS_PROJECT_NAME); servers belong to a project.",
    });
  }
  return { token, expiresAt: Date.parse(expires), catalog, projectId: project.id };
}

/** Each service's types in catalogues, old and new. https://service-types.openstack.org */
const TYPES: Readonly<Record<ServiceName, readonly string[]>> = {
  compute: ["compute"],
  network: ["network"],
  image: ["image"],
};

/**
 * The address of a service, without a slash at its end.
 *
 * @throws UserError CONFIG_INVALID for a region that is not there, or none where there are several;
 *   ProviderError PROVIDER_NOT_FOUND for a service that the region lacks.
 */
export function endpointOf(account: Account, session: Session, service: ServiceName): string {
  const own = account.endpoints[service];
  if (own !== undefined) return own.replace(/\/+$/, "");
  const entries = session.catalog.filter(({ type }) => TYPES[service].includes(type));
  const all = entries.flatMap((entry) => entry.endpoints);
  const endpoints = all.filter((endpoint) => endpoint.interface === account.interface);
  const regions = [...new Set(session.catalog.flatMap((entry) => entry.endpoints.map(regionOf)))];
  const { region } = account;
  if (region !== undefined && !regions.includes(region)) {
    throw new UserError("CONFIG_INVALID", `OpenStack has no region "${region}".`, {
      hint: suggestWord(region, regions, "regions"),
    });
  }
  if (region === undefined && new Set(endpoints.map(regionOf)).size > 1) {
    throw new UserError("CONFIG_INVALID", "OpenStack has several regions, and none is named.", {
      hint: `Set openstack({ region: "…" }), region_name in clouds.yaml, or OS_REGION_NAME: ${regions.join(", ")}.`,
    });
  }
  const found = endpoints.find((endpoint) => region === undefined || regionOf(endpoint) === region);
  if (found === undefined) {
    const interfaces = [...new Set(all.map((endpoint) => endpoint.interface))].join(", ");
    throw new ProviderError(
      "PROVIDER_NOT_FOUND",
      `The catalogue has no ${account.interface} endpoint of the service ${service}${region === undefined ? "" : ` in ${region}`}.`,
      {
        hint:
          interfaces === ""
            ? "The cloud lacks this service."
            : `It has the interfaces: ${interfaces}.`,
      },
    );
  }
  return found.url.replace(/\/+$/, "");
}

function regionOf(endpoint: CatalogEntry["endpoints"][number]): string {
  return endpoint.region_id ?? endpoint.region ?? "";
}
