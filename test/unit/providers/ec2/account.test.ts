import { describe, expect, test } from "vitest";

import { readAccount } from "../../../../src/providers/ec2/account.ts";
import { type Ec2Options, ec2OptionsSchema } from "../../../../src/providers/ec2/options.ts";

const read = (options: Ec2Options, env: Record<string, string>) =>
  readAccount(ec2OptionsSchema.parse(options), env);
const KEYS = { AWS_ACCESS_KEY_ID: "AKIA1", AWS_SECRET_ACCESS_KEY: "s" };

describe("where the account is found", () => {
  test("keys in the environment, with a session", () => {
    expect(read({}, { ...KEYS, AWS_SESSION_TOKEN: "t" }).credentials).toEqual({
      accessKeyId: "AKIA1",
      secretAccessKey: "s",
      sessionToken: "t",
    });
  });

  test("a profile that is named goes over keys in the environment", () => {
    for (const account of [
      read({ profile: "work" }, KEYS),
      read({}, { ...KEYS, AWS_PROFILE: "work" }),
    ]) {
      expect(account.credentials).toBeUndefined();
      expect(account.profile).toBe("work");
      expect(account.source).toBe('the profile "work"');
    }
  });

  test("half a key is none, and empty variables are not set", () => {
    expect(read({}, { AWS_ACCESS_KEY_ID: "AKIA1" }).credentials).toBeUndefined();
    const account = read(
      {},
      { ...KEYS, AWS_PROFILE: "", AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-1" },
    );
    expect(account.region).toBe("eu-west-1");
    expect(account.credentials?.accessKeyId).toBe("AKIA1");
  });

  test("the region: the option, then AWS_REGION, then AWS_DEFAULT_REGION, then the profile's", () => {
    const env = { AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-2" };
    expect(read({ region: "eu-west-3" }, env).region).toBe("eu-west-3");
    expect(read({}, env).region).toBe("eu-west-1");
    expect(read({}, {}).region).toBeUndefined();
  });

  test("the endpoint: the option, the service's own variable, the general one", () => {
    const env = { AWS_ENDPOINT_URL: "http://a.example", AWS_ENDPOINT_URL_EC2: "http://b.example" };
    expect(read({}, env).endpoints).toEqual({ ec2: "http://b.example", ssm: "http://a.example" });
    expect(read({ endpoint: "http://c.example" }, env).endpoints).toEqual({
      ec2: "http://c.example",
      ssm: "http://c.example",
    });
  });
});
