import { UserError } from "../../errors/error.ts";
import type { Environment } from "../../stack/environment.ts";
import type { Account, AuthMethod } from "./account.ts";

/**
 * Rackspace's identity service, for accounts outside the United Kingdom.
 * https://docs.rackspace.com/docs/cloud-servers/v2/getting-started/authenticate
 */
export const RACKSPACE_IDENTITY = "https://identity.api.rackspacecloud.com/v2.0";

interface VariableFamily {
  readonly user: string;
  readonly key: string;
  readonly region: readonly string[];
  /** The account's password instead of its API key. */
  readonly password?: string;
}

/**
 * The variables of Rackspace's tools; the first family that has a user and a secret counts.
 *
 * `RS_*`: its command line `rack`. `RAX_*`: pyrax's users, such as Ansible's modules. `OS_*`: the OpenStack tools.
 * `OPENSTACK_*`: the old Python bootmachine.
 */
const FAMILIES: readonly VariableFamily[] = [
  { user: "RS_USERNAME", key: "RS_API_KEY", region: ["RS_REGION_NAME"] },
  { user: "RAX_USERNAME", key: "RAX_API_KEY", region: ["RAX_REGION"] },
  {
    user: "OS_USERNAME",
    key: "OS_API_KEY",
    password: "OS_PASSWORD",
    region: ["OS_REGION_NAME"],
  },
  {
    user: "OPENSTACK_USERNAME",
    key: "OPENSTACK_APIKEY",
    region: ["OS_REGION_NAME"],
  },
];

/** @throws UserError CONFIG_INVALID where credentials or the region are missing. */
export function readRackspaceAccount(
  wish: { readonly region: string | undefined; readonly authUrl: string | undefined },
  env: Environment,
): Account {
  const valueOf = (name: string | undefined): string | undefined => {
    const value = name === undefined ? undefined : env[name]?.trim();
    return value === "" ? undefined : value;
  };
  const family = FAMILIES.find(
    ({ user, key, password }) =>
      valueOf(user) !== undefined &&
      (valueOf(key) !== undefined || valueOf(password) !== undefined),
  );
  if (family === undefined) {
    throw new UserError("CONFIG_INVALID", "rackspace finds no credentials in the environment.", {
      hint: `Set a user name and an API key: ${FAMILIES.map(({ user, key }) => `${user} and ${key}`).join(", or ")}.`,
    });
  }
  const username = valueOf(family.user) ?? "";
  const apiKey = valueOf(family.key);
  const auth: AuthMethod =
    apiKey === undefined
      ? { kind: "v2-password", username, password: valueOf(family.password) ?? "" }
      : { kind: "api-key", username, apiKey };
  const source = `${family.user} and ${apiKey === undefined ? family.password : family.key}`;
  const region = wish.region ?? family.region.map(valueOf).find((value) => value !== undefined);
  if (region === undefined) {
    throw new UserError("CONFIG_INVALID", "rackspace needs a region, and none is named.", {
      hint: `Set rackspace({ region: "DFW" }), or ${family.region.join(" or ")}.`,
    });
  }
  // OS_AUTH_URL may be that of another cloud, whose credentials are in the same shell.
  const ownUrl = valueOf("OS_AUTH_URL");
  const authUrl =
    wish.authUrl ??
    (family.user === "OS_USERNAME" && ownUrl !== undefined && /\/v2\.0\/?$/.test(ownUrl)
      ? ownUrl
      : RACKSPACE_IDENTITY);
  return {
    source,
    authUrl: authUrl.replace(/\/+$/, ""),
    auth,
    project: undefined,
    // Regions are upper case in the catalogue; `rack` takes them in any.
    region: region.toUpperCase(),
    interface: "public",
    tls: { caFile: undefined, certFile: undefined, keyFile: undefined },
    endpoints: {},
  };
}
