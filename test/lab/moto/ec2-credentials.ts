import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { ec2 } from "../../../src/providers/ec2/ec2.ts";
import { AwsFiles } from "./aws-files.ts";
import {
  ACCESS_KEY,
  contextOf,
  type Ec2World,
  failureOf,
  QUICK,
  requestOf,
  SECRET_KEY,
} from "./ec2-world.ts";
import type { ProxiedCall } from "./fault-proxy.ts";

/** The credentials of profiles, from the files that the AWS tools share to what the cloud is sent. */
export function testProfiles(worldOf: () => Ec2World): void {
  let files: AwsFiles;
  let world: Ec2World;
  let environment: Readonly<Record<string, string>>;

  beforeEach(async () => {
    files = await AwsFiles.create();
    world = worldOf();
    environment = {
      ...files.environment,
      AWS_ENDPOINT_URL: world.proxy.url,
      // Where a profile is named they count for nothing.
      AWS_ACCESS_KEY_ID: "AKIAOFANOTHERACCOUNT",
      AWS_SECRET_ACCESS_KEY: "another",
    };
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await files.remove();
  });

  // Calls are counted: none may be repeated since a busy computer was slow to answer.
  const { region: _region, ...quick } = { ...QUICK, callTimeoutMs: 60_000 };
  /** The SDK keeps what it has once read of a file, also that it was not there: it is told of the files when they are written. */
  const provider = (more: Readonly<Record<string, string>> = {}, profile?: string) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    return ec2(
      { ...quick, ...(profile === undefined ? {} : { profile }) },
      { ...environment, ...more },
    );
  };
  const work = () => provider({}, "work");
  /** The session ends when the stack's group is opened: the create comes next. */
  const endSession = (session: string, meanwhile?: () => Promise<void>): void =>
    world.proxy.before({
      match: ({ action }) => action === "AuthorizeSecurityGroupIngress",
      work: async () => {
        await meanwhile?.();
        world.proxy.refuseSession(session);
      },
    });
  const sessionsOf = (action: string): readonly (string | undefined)[] =>
    world.proxy.calls.filter((call) => call.action === action).map((call) => call.sessionToken);

  describe("a profile", () => {
    test("that the option or AWS_PROFILE names: its keys and its region, not those of the environment", async () => {
      await files.writeKeys("one");
      await files.writeConfig(
        "[default]",
        "region = us-east-1",
        "[profile work]",
        "region = eu-west-1",
      );
      for (const named of [
        work(),
        provider({ AWS_PROFILE: "work" }),
        provider({ AWS_PROFILE: "other" }, "work"),
      ]) {
        world.proxy.calls.length = 0;
        await named.observe(contextOf());
        expect(world.proxy.calls).toMatchObject([
          { accessKey: ACCESS_KEY, sessionToken: "one", region: "eu-west-1" },
        ]);
      }
      world.proxy.calls.length = 0;
      await provider({ AWS_REGION: "eu-north-1" }, "work").observe(contextOf());
      expect(world.proxy.calls).toMatchObject([{ region: "eu-north-1" }]);
    });

    test("that there is not is told with the nearest, before anything is called", async () => {
      await files.writeKeys("one");
      await files.writeConfig(
        "[default]",
        "region = us-east-1",
        "[profile play]",
        "[sso-session wurk]",
      );
      for (const named of [provider({}, "wurk"), provider({ AWS_PROFILE: "wurk" })])
        expect(await failureOf(named.ensure(requestOf("web"), contextOf()))).toBe(
          `CONFIG_INVALID: There is no profile "wurk" in ${files.config}, nor in ${files.credentials}. ec2({ profile }) or AWS_PROFILE names it. Did you mean "work"? Known profiles: default, play, work.`,
        );
      await rm(files.config);
      await rm(files.credentials);
      expect(await failureOf(work().observe(contextOf()))).toMatch(
        /^CONFIG_INVALID: There is no profile "work" .* There are no profiles\.$/,
      );
      expect(world.proxy.calls).toEqual([]);
    });

    test("without a region", async () => {
      await files.writeKeys("one");
      expect(await failureOf(work().observe(contextOf()))).toMatch(
        /^CONFIG_INVALID: No region is named for EC2, nor has the profile "work" one\./,
      );
    });

    test("of a role, which another profile may take", async () => {
      await files.writeKeys("one");
      vi.stubEnv("AWS_ENDPOINT_URL_STS", world.proxy.url);
      world.proxy.add({
        match: ({ action }) => action === "AssumeRole",
        act: {
          kind: "change",
          change: (xml) =>
            xml.replace(
              /<AccessKeyId>[^<]*<\/AccessKeyId>/,
              `<AccessKeyId>${ACCESS_KEY}</AccessKeyId>`,
            ),
        },
      });
      await files.writeConfig(
        "[profile role]",
        "region = eu-west-1",
        "role_arn = arn:aws:iam::123456789012:role/boot",
        "source_profile = work",
      );
      await provider({}, "role").observe(contextOf());
      expect(world.proxy.calls.map(({ action }) => action)).toEqual([
        "AssumeRole",
        "DescribeInstances",
      ]);
      expect(sessionsOf("AssumeRole")).toEqual(["one"]);
      expect(sessionsOf("DescribeInstances")).not.toEqual(["one"]);
    });
  });

  describe("a session that ends in the middle", () => {
    test("is renewed by the program of its profile, once for all servers", async () => {
      await files.writeProgram();
      endSession("session-1");
      const shop = work();
      const names = ["web1", "web2", "web3", "web4"];
      await Promise.all(names.map(async (name) => await shop.ensure(requestOf(name), contextOf())));
      expect(await files.asked()).toBe(2);
      expect((await world.instances()).length).toBe(4);
      const sessions = sessionsOf("RunInstances");
      expect(sessions.filter((session) => session === "session-2").length).toBe(4);
      expect(sessions[0]).toBe("session-1");
    });

    test("is renewed by a login that writes a new one into the file", async () => {
      await files.writeConfig("[profile work]", "region = eu-central-1");
      await files.writeKeys("one");
      endSession("one", async () => await files.writeKeys("two"));
      await work().ensure(requestOf("web"), contextOf());
      expect(sessionsOf("RunInstances")).toEqual(["one", "two"]);
      expect((await world.instances()).length).toBe(1);
    });

    test("that says when it ends is renewed before, and no call is refused", async () => {
      // Under a name of its own: the SDK renews it behind the test's back, and may still do so when the next one has begun.
      const expiration = new Date(Date.now() + 240_000).toISOString();
      await files.writeProgram({ expiration, profile: "brief" });
      const shop = provider({}, "brief");
      const latest = (): string | undefined => sessionsOf("DescribeInstances").at(-1);
      let looks = 0;
      do {
        await shop.observe(contextOf());
        looks += 1;
      } while (latest() === "session-1" && looks < 200);
      expect(latest()).toMatch(/^session-[2-9]/);
      expect(sessionsOf("DescribeInstances").length).toBe(looks);
    });

    test("and is refused again when it is renewed is told, after one repetition", async () => {
      await files.writeProgram({ then: "n=1" });
      endSession("session-1");
      const told = await failureOf(work().ensure(requestOf("web"), contextOf()));
      expect(told).toMatch(
        /^PROVIDER_AUTH: EC2 refused the credentials of the profile "work", to .*aws sso login/,
      );
      expect(sessionsOf("RunInstances")).toEqual(["session-1", "session-1"]);
      expect(await files.asked()).toBe(2);
      expect(await world.instances()).toEqual([]);
    });

    test("and cannot be renewed is told with the program's own words, and without its secrets", async () => {
      await files.writeProgram({
        then: '[ $n = 1 ] || { echo "the login has ended" >&2; exit 3; }',
      });
      endSession("session-1");
      const told = await failureOf(work().ensure(requestOf("web"), contextOf()));
      expect(told).toMatch(
        /^PROVIDER_AUTH: No credentials for EC2 were found by the profile "work": .*credential_process the login has ended/,
      );
      expect(told).not.toMatch(new RegExp(`4711|session-|${SECRET_KEY}`));
      expect(await world.instances()).toEqual([]);
    });
  });

  describe("where the computer has a role of its own", () => {
    let role: Server;
    beforeEach(async () => {
      role = createServer((_request, response) => {
        const Expiration = "2099-01-01T00:00:00Z";
        const keys = { AccessKeyId: ACCESS_KEY, SecretAccessKey: SECRET_KEY, Token: "of-the-role" };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ ...keys, Expiration }));
      });
      await new Promise<void>((done) => role.listen(0, "127.0.0.1", done));
      const address = role.address();
      const port = typeof address === "object" ? address?.port : undefined;
      vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `http://127.0.0.1:${port}/role`);
    });
    afterEach(async () => {
      role.closeAllConnections();
      await new Promise<void>((done) => role.close(() => done()));
    });

    test("a profile whose own credentials fail is not replaced by it", async () => {
      await files.writeProgram({ then: "exit 3" });
      expect(await failureOf(work().observe(contextOf()))).toMatch(
        /^PROVIDER_AUTH: No credentials for EC2 were found by the profile "work": /,
      );
      expect(world.proxy.calls).toEqual([]);
    });

    test("a profile that has none, but a region, means it", async () => {
      await files.writeConfig("[profile work]", "region = eu-west-1");
      await work().observe(contextOf());
      expect(world.proxy.calls).toMatchObject([
        { sessionToken: "of-the-role", region: "eu-west-1" } satisfies Partial<ProxiedCall>,
      ]);
    });
  });
}
