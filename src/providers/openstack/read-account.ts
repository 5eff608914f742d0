import { z } from "zod";

import { UserError } from "../../errors/error.ts";
import { suggestWord } from "../../stack/suggest.ts";
import type {
  Account,
  AuthMethod,
  DomainReference,
  ProjectReference,
  ServiceName,
  UserReference,
} from "./account.ts";
import { type FileSearch, readCloudsFile, userFile } from "./clouds-file.ts";

const text = z.union([z.string(), z.number().transform(String)]).transform((value) => value.trim());

/** The `auth` section of a cloud; variables of the same name in upper case, behind `OS_`. */
const authSchema = z.object({
  auth_url: text.optional(),
  username: text.optional(),
  user_id: text.optional(),
  password: text.optional(),
  user_domain_name: text.optional(),
  user_domain_id: text.optional(),
  project_name: text.optional(),
  project_id: text.optional(),
  tenant_name: text.optional(),
  tenant_id: text.optional(),
  project_domain_name: text.optional(),
  project_domain_id: text.optional(),
  domain_name: text.optional(),
  domain_id: text.optional(),
  default_domain: text.optional(),
  default_domain_name: text.optional(),
  default_domain_id: text.optional(),
  application_credential_id: text.optional(),
  application_credential_name: text.optional(),
  application_credential_secret: text.optional(),
  token: text.optional(),
});
type AuthSection = z.output<typeof authSchema>;

const cloudSchema = z.object({
  auth: authSchema.default({}),
  auth_type: text.optional(),
  profile: z.unknown().optional(),
  region_name: text.optional(),
  interface: text.optional(),
  endpoint_type: text.optional(),
  cacert: text.optional(),
  cert: text.optional(),
  key: text.optional(),
  verify: z.union([z.boolean(), text]).optional(),
  compute_endpoint_override: text.optional(),
  network_endpoint_override: text.optional(),
  image_endpoint_override: text.optional(),
});
type CloudSection = z.output<typeof cloudSchema>;

export interface AccountWish {
  /** The cloud's name in clouds.yaml; goes before `OS_CLOUD`. */
  readonly cloud: string | undefined;
  /** Goes before the file's and before `OS_REGION_NAME`. */
  readonly region: string | undefined;
}

/**
 * Finds the account: the cloud that is named by the option or by `OS_CLOUD`; else the `OS_*` variables, if there is
 * an `OS_AUTH_URL`; else the only cloud of `clouds.yaml`.
 *
 * @throws UserError CONFIG_INVALID where there is none, or where something is missing; CONFIG_UNREADABLE.
 */
export async function readAccount(wish: AccountWish, search: FileSearch): Promise<Account> {
  const { env } = search;
  const named = wish.cloud ?? nonEmpty(env["OS_CLOUD"]);
  if (named === undefined && nonEmpty(env["OS_AUTH_URL"]) !== undefined) {
    return toAccount("the OS_* variables", readVariables(search), wish, search);
  }
  const file = await readCloudsFile(search);
  if (file === undefined) {
    throw new UserError(
      "CONFIG_INVALID",
      named === undefined
        ? "openstack finds no credentials: there is neither a clouds.yaml nor OS_AUTH_URL."
        : `openstack finds no clouds.yaml with the cloud "${named}".`,
      {
        hint: "Put clouds.yaml into the working directory or ~/.config/openstack, or source the cloud's openrc file.",
      },
    );
  }
  const names = Object.keys(file.clouds);
  const [only, ...others] = names;
  const name = named ?? (others.length === 0 ? only : undefined);
  if (name === undefined || !(name in file.clouds)) {
    throw new UserError(
      "CONFIG_INVALID",
      name === undefined
        ? `${file.path} has ${names.length === 0 ? "no cloud" : "several clouds, and none is named"}.`
        : `${file.path} has no cloud "${name}".`,
      {
        hint:
          name === undefined
            ? `Name one with openstack({ cloud: "…" }) or OS_CLOUD: ${names.join(", ")}.`
            : suggestWord(name, names, "clouds"),
      },
    );
  }
  const source = `the cloud "${name}" of ${file.path}`;
  const parsed = cloudSchema.safeParse(file.clouds[name]);
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw incomplete(source, `these are not as they should be: ${where || "all of it"}`);
  }
  return toAccount(source, parsed.data, wish, search);
}

function readVariables({ env }: FileSearch): CloudSection {
  const under = (name: string): string | undefined => nonEmpty(env[`OS_${name.toUpperCase()}`]);
  const auth = Object.fromEntries(
    Object.keys(authSchema.shape).flatMap((name) => {
      const value = under(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const insecure = /^(1|true|yes|on)$/i.test(under("insecure") ?? "");
  return cloudSchema.parse({
    auth,
    auth_type: under("auth_type"),
    region_name: under("region_name"),
    interface: under("interface") ?? under("endpoint_type"),
    cacert: under("cacert"),
    cert: under("cert"),
    key: under("key"),
    ...(insecure ? { verify: false } : {}),
    compute_endpoint_override: under("compute_endpoint_override"),
    network_endpoint_override: under("network_endpoint_override"),
    image_endpoint_override: under("image_endpoint_override"),
  });
}

function toAccount(
  source: string,
  cloud: CloudSection,
  wish: AccountWish,
  search: FileSearch,
): Account {
  const { auth } = cloud;
  if (cloud.profile !== undefined && auth.auth_url === undefined) {
    throw incomplete(source, "a vendor's `profile` is not understood; write its auth_url instead");
  }
  if (auth.auth_url === undefined || !URL.canParse(auth.auth_url)) {
    throw incomplete(source, "auth_url is missing or is no address");
  }
  if (/^(false|no|0)$/i.test(String(cloud.verify ?? true))) {
    throw new UserError(
      "CONFIG_INVALID",
      `${source} switches the check of certificates off: anybody in between would read the password.`,
      { hint: "Give the certificate of the cloud's own authority: cacert, or OS_CACERT." },
    );
  }
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : userFile(path, search);
  const endpoint = (name: ServiceName): Partial<Record<ServiceName, string>> => {
    const url = cloud[`${name}_endpoint_override`];
    return url === undefined ? {} : { [name]: url };
  };
  return {
    source,
    authUrl: withVersion(auth.auth_url),
    auth: readMethod(source, cloud),
    project: readProject(auth),
    region: wish.region ?? cloud.region_name,
    interface: readInterface(source, cloud.interface ?? cloud.endpoint_type),
    tls: { caFile: file(cloud.cacert), certFile: file(cloud.cert), keyFile: file(cloud.key) },
    endpoints: { ...endpoint("compute"), ...endpoint("network"), ...endpoint("image") },
  };
}

function readMethod(source: string, { auth, auth_type: type }: CloudSection): AuthMethod {
  const { application_credential_id: id, application_credential_name: name, token } = auth;
  const secret = auth.application_credential_secret;
  const kind =
    type ??
    (secret === undefined
      ? token === undefined
        ? "password"
        : "token"
      : "v3applicationcredential");
  switch (kind.replace(/^v3/, "").replaceAll("_", "")) {
    case "applicationcredential":
      if (secret === undefined)
        throw incomplete(source, "application_credential_secret is missing");
      if (id !== undefined) return { kind: "application-credential", credential: { id }, secret };
      if (name === undefined) throw incomplete(source, "application_credential_id is missing");
      return {
        kind: "application-credential",
        credential: { name, user: readUser(source, auth) },
        secret,
      };
    case "token":
      if (token === undefined) throw incomplete(source, "token is missing");
      return { kind: "token", token };
    case "password": {
      if (auth.password === undefined) throw incomplete(source, "password is missing");
      if (readProject(auth) === undefined) throw incomplete(source, "project_name is missing");
      return { kind: "password", user: readUser(source, auth), password: auth.password };
    }
    default:
      throw incomplete(
        source,
        `auth_type ${kind} is not understood; known: password, v3applicationcredential, token`,
      );
  }
}

function readUser(source: string, auth: AuthSection): UserReference {
  if (auth.user_id !== undefined) return { id: auth.user_id };
  if (auth.username === undefined) throw incomplete(source, "username is missing");
  return {
    name: auth.username,
    domain: readDomain(auth, auth.user_domain_id, auth.user_domain_name),
  };
}

function readProject(auth: AuthSection): ProjectReference | undefined {
  const id = auth.project_id ?? auth.tenant_id;
  if (id !== undefined) return { id };
  const name = auth.project_name ?? auth.tenant_name;
  if (name === undefined) return undefined;
  return { name, domain: readDomain(auth, auth.project_domain_id, auth.project_domain_name) };
}

/** Without any word on it, it is the domain that Keystone sets up first. */
function readDomain(
  auth: AuthSection,
  id: string | undefined,
  name: string | undefined,
): DomainReference {
  if (id !== undefined) return { id };
  if (name !== undefined) return { name };
  const byName = auth.domain_name ?? auth.default_domain_name;
  if (byName !== undefined) return { name: byName };
  return { id: auth.domain_id ?? auth.default_domain_id ?? auth.default_domain ?? "default" };
}

function readInterface(source: string, word = "public"): Account["interface"] {
  const name = word.replace(/URL$/, "");
  if (name === "public" || name === "internal" || name === "admin") return name;
  throw incomplete(source, `interface "${word}" is none of public, internal, admin`);
}

/** Keystone's version 3 stands at `/v3` below its root, whatever the file says of the version. */
function withVersion(url: string): string {
  const bare = url.replace(/\/+$/, "").replace(/\/v2\.0$/, "");
  return bare.endsWith("/v3") ? bare : `${bare}/v3`;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

function incomplete(source: string, why: string): UserError {
  return new UserError("CONFIG_INVALID", `The credentials in ${source} cannot be used: ${why}.`, {
    hint: "See https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html",
  });
}
