import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Account } from "../../../../src/providers/openstack/account.ts";
import { readAccount } from "../../../../src/providers/openstack/read-account.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "bootmachine-clouds-"));
  mkdirSync(join(home, ".config/openstack"), { recursive: true });
  mkdirSync(join(home, "work"));
});
afterEach(() => rmSync(home, { recursive: true }));

const CLOUDS = `
clouds:
  prod:
    region_name: Paris
    interface: internal
    cacert: ~/ca.pem
    auth:
      auth_url: https://cloud.example:5000
      username: ada
      project_name: shop
      user_domain_name: People
      project_domain_id: d1
      password: in-the-open
  robot:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://cloud.example:5000/v3/
      application_credential_id: "42"
      application_credential_secret: hush
`;

function put(path: string, text: string): void {
  writeFileSync(join(home, path), text);
}

async function read(
  env: Readonly<Record<string, string>> = {},
  wish: { readonly cloud?: string; readonly region?: string } = {},
): Promise<Account> {
  return await readAccount(
    { cloud: wish.cloud, region: wish.region },
    { env: { HOME: home, ...env }, cwd: join(home, "work") },
  );
}

/** The message and the hint of what is thrown. */
async function problem(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "no error",
    (error: Error & { readonly hint: string }) => `${error.message} ${error.hint}`,
  );
}

describe("clouds.yaml", () => {
  test("a cloud by its name, with domains, region, interface and certificate", async () => {
    put(".config/openstack/clouds.yaml", CLOUDS);
    expect(await read({}, { cloud: "prod" })).toEqual({
      source: `the cloud "prod" of ${home}/.config/openstack/clouds.yaml`,
      authUrl: "https://cloud.example:5000/v3",
      auth: {
        kind: "password",
        user: { name: "ada", domain: { name: "People" } },
        password: "in-the-open",
      },
      project: { name: "shop", domain: { id: "d1" } },
      region: "Paris",
      interface: "internal",
      tls: { caFile: `${home}/ca.pem`, certFile: undefined, keyFile: undefined },
      endpoints: {},
    });
  });

  test("OS_CLOUD names it; the option goes before", async () => {
    put(".config/openstack/clouds.yaml", CLOUDS);
    expect((await read({ OS_CLOUD: "robot" })).auth).toEqual({
      kind: "application-credential",
      credential: { id: "42" },
      secret: "hush",
    });
    expect((await read({ OS_CLOUD: "robot" }, { cloud: "prod" })).auth.kind).toBe("password");
  });

  test("secure.yaml goes over it, and may lie elsewhere", async () => {
    put("work/clouds.yaml", CLOUDS);
    put(".config/openstack/secure.yaml", "clouds: { prod: { auth: { password: hidden } } }");
    expect((await read({ OS_CLOUD: "prod" })).auth).toMatchObject({ password: "hidden" });
  });

  test("the working directory goes before the user's, and a named file before both", async () => {
    const cloud = (url: string): string =>
      `clouds: { one: { auth_type: token, auth: { auth_url: "${url}", token: t } } }`;
    put(".config/openstack/clouds.yaml", cloud("https://user.example"));
    expect((await read()).authUrl).toBe("https://user.example/v3");
    put("work/clouds.yaml", cloud("https://here.example"));
    expect((await read()).authUrl).toBe("https://here.example/v3");
    put("named.yaml", cloud("https://named.example/v2.0"));
    expect((await read({ OS_CLIENT_CONFIG_FILE: "~/named.yaml" })).authUrl).toBe(
      "https://named.example/v3",
    );
  });

  test("tells what is missing, and never a secret", async () => {
    put(".config/openstack/clouds.yaml", CLOUDS);
    expect(await problem(read())).toMatch(/several clouds.*prod, robot/);
    expect(await problem(read({ OS_CLOUD: "prd" }))).toMatch(/no cloud "prd".*Did you mean "prod"/);
    put("work/clouds.yaml", CLOUDS.replace("cacert: ~/ca.pem", "verify: false"));
    expect(await problem(read({ OS_CLOUD: "prod" }))).toMatch(/certificates off.*cacert/);
    put("work/clouds.yaml", CLOUDS.replace("username: ada", ""));
    expect(await problem(read({ OS_CLOUD: "prod" }))).toMatch(/username is missing/);
    put("work/clouds.yaml", `clouds:\n  prod:\n    auth: { password: "in-the-open\n`);
    const broken = await problem(read({ OS_CLOUD: "prod" }));
    expect(broken).toMatch(/no YAML/);
    expect(broken).not.toContain("in-the-open");
    expect(await problem(read({ OS_CLIENT_CONFIG_FILE: "/nowhere.yaml" }))).toMatch(/no file/);
  });

  test("no credentials at all are told with both ways to give them", async () => {
    expect(await problem(read())).toMatch(/neither a clouds.yaml nor OS_AUTH_URL.*openrc/);
  });
});

describe("the OS_* variables", () => {
  const OPENRC = {
    OS_AUTH_URL: "http://10.0.0.1/identity",
    OS_USERNAME: "ada",
    OS_PASSWORD: "pw",
    OS_PROJECT_NAME: "shop",
  };

  test("a password; domains that are not named are the default one", async () => {
    put(".config/openstack/clouds.yaml", CLOUDS);
    const account = await read({ ...OPENRC, OS_REGION_NAME: "R", OS_INTERFACE: "publicURL" });
    expect(account).toMatchObject({
      source: "the OS_* variables",
      authUrl: "http://10.0.0.1/identity/v3",
      auth: { kind: "password", user: { name: "ada", domain: { id: "default" } } },
      project: { name: "shop", domain: { id: "default" } },
      region: "R",
      interface: "public",
    });
    expect((await read(OPENRC, { region: "Own" })).region).toBe("Own");
  });

  test("an application credential by name needs its owner", async () => {
    const env = {
      OS_AUTH_URL: "http://10.0.0.1:5000/v3",
      OS_AUTH_TYPE: "v3applicationcredential",
      OS_APPLICATION_CREDENTIAL_NAME: "robot",
      OS_APPLICATION_CREDENTIAL_SECRET: "s",
    };
    expect(await problem(read(env))).toMatch(/username is missing/);
    expect((await read({ ...env, OS_USER_ID: "u1" })).auth).toEqual({
      kind: "application-credential",
      credential: { name: "robot", user: { id: "u1" } },
      secret: "s",
    });
  });

  test("a token", async () => {
    const env = { OS_AUTH_URL: "http://k", OS_AUTH_TYPE: "v3token", OS_TOKEN: "t" };
    expect((await read(env)).auth).toEqual({ kind: "token", token: "t" });
  });

  test("OS_INSECURE and unknown kinds are refused", async () => {
    expect(await problem(read({ ...OPENRC, OS_INSECURE: "1" }))).toMatch(/certificates off/);
    expect(await problem(read({ ...OPENRC, OS_AUTH_TYPE: "v3oidcpassword" }))).toMatch(
      /auth_type v3oidcpassword is not understood/,
    );
  });
});
