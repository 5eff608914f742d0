import { z } from "zod";

import { InternalError } from "../../errors/error.ts";
import type { AuthMethod } from "./account.ts";
import type { Session } from "./session.ts";

/** How we prove who we are to version 2.0 of the identity service, which Rackspace has kept. */
export type V2AuthMethod = Extract<AuthMethod, { readonly kind: "api-key" | "v2-password" }>;

export function isV2(auth: AuthMethod): auth is V2AuthMethod {
  return auth.kind === "api-key" || auth.kind === "v2-password";
}

/**
 * The body of `POST /v2.0/tokens`. A secret.
 * https://docs.rackspace.com/docs/annotated-authentication-request-and-response
 */
export function tokenRequestV2(auth: V2AuthMethod): unknown {
  const { username } = auth;
  return {
    auth:
      auth.kind === "api-key"
        ? { "RAX-KSKEY:apiKeyCredentials": { username, apiKey: auth.apiKey } }
        : { passwordCredentials: { username, password: auth.password } },
  };
}

export const tokenSchemaV2 = z.object({
  access: z.object({
    token: z.object({
      id: z.string(),
      expires: z.string(),
      tenant: z.object({ id: z.string() }).optional(),
    }),
    serviceCatalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              region: z.string().nullish(),
              publicURL: z.string().optional(),
              internalURL: z.string().optional(),
            }),
          ),
        }),
      )
      .default([]),
  }),
});

/** The session, with the catalogue in the form of version 3. */
export function toSessionV2({ access }: z.output<typeof tokenSchemaV2>): Session {
  const { token, serviceCatalog } = access;
  const expiresAt = Date.parse(token.expires);
  if (Number.isNaN(expiresAt))
    throw new InternalError(`The token's end is not understood: ${token.expires}.`);
  return {
    token: token.id,
    expiresAt,
    projectId: token.tenant?.id ?? "",
    catalog: serviceCatalog.map(({ type, endpoints }) => ({
      type,
      endpoints: endpoints.flatMap(({ region, publicURL, internalURL }) => {
        // Without a region it is the first generation of Cloud Servers, another interface under the same type.
        if (region === undefined || region === null) return [];
        return [
          ...(publicURL === undefined ? [] : [{ interface: "public", url: publicURL, region }]),
          ...(internalURL === undefined
            ? []
            : [{ interface: "internal", url: internalURL, region }]),
        ];
      }),
    })),
  };
}
