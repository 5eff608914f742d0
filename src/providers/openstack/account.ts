/** How we prove to Keystone who we are. */
export type AuthMethod =
  | { readonly kind: "password"; readonly user: UserReference; readonly password: string }
  | {
      readonly kind: "application-credential";
      /** By its id, or by its name and its owner. */
      readonly credential:
        | { readonly id: string }
        | { readonly name: string; readonly user: UserReference };
      readonly secret: string;
    }
  | { readonly kind: "token"; readonly token: string }
  /** Rackspace's, at version 2.0 of the identity service. */
  | { readonly kind: "api-key"; readonly username: string; readonly apiKey: string }
  | { readonly kind: "v2-password"; readonly username: string; readonly password: string };

export type DomainReference = { readonly id: string } | { readonly name: string };
export type UserReference =
  | { readonly id: string }
  | { readonly name: string; readonly domain: DomainReference };
export type ProjectReference =
  | { readonly id: string }
  | { readonly name: string; readonly domain: DomainReference };

/** The services that are called, by the name that `clouds.yaml` has for them. */
export type ServiceName = "compute" | "network" | "image";

/** One project of one OpenStack, and the way in. It holds secrets: never show it. */
export interface Account {
  /** Where it was found, for people: `the cloud "prod" of /home/ada/.config/openstack/clouds.yaml`. */
  readonly source: string;
  /** Keystone's, with `/v3` (`/v2.0` for an API key) and without a slash at its end. */
  readonly authUrl: string;
  readonly auth: AuthMethod;
  /** Absent: the credential itself says which (application credentials, scoped tokens). */
  readonly project: ProjectReference | undefined;
  /** Absent: the catalogue's only one. */
  readonly region: string | undefined;
  readonly interface: "public" | "internal" | "admin";
  /** Paths of PEM files; absent: the certificates that Node trusts, and none of our own. */
  readonly tls: {
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
  };
  /** Endpoints that are used instead of the catalogue's. */
  readonly endpoints: Readonly<Partial<Record<ServiceName, string>>>;
}

/** What makes two accounts the same one for the call budget. */
export function accountKey(account: Account): string {
  const { auth, project } = account;
  const who =
    auth.kind === "password"
      ? [auth.user]
      : auth.kind === "application-credential"
        ? [auth.credential]
        : "username" in auth
          ? [auth.username]
          : ["token"];
  return JSON.stringify([account.authUrl, project ?? who, account.region]);
}
