import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { profileFiles, readProfile } from "../../../../src/providers/ec2/profiles.ts";

describe("where profiles are looked for", () => {
  test("in the home directory, unless variables name other files", () => {
    expect(profileFiles({ HOME: "/home/ada", AWS_CONFIG_FILE: "" })).toEqual({
      config: "/home/ada/.aws/config",
      credentials: "/home/ada/.aws/credentials",
    });
    expect(
      profileFiles({
        HOME: "/home/ada",
        AWS_CONFIG_FILE: "/etc/aws",
        AWS_SHARED_CREDENTIALS_FILE: "~/keys",
      }),
    ).toEqual({ config: "/etc/aws", credentials: "/home/ada/keys" });
  });
});

describe("what a profile says", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootmachine-aws-"));
  });
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  const read = async (name: string, config: string, credentials?: string) => {
    const files = { config: join(directory, "config"), credentials: join(directory, "keys") };
    await writeFile(files.config, config);
    if (credentials !== undefined) await writeFile(files.credentials, credentials);
    return await readProfile(name, files);
  };

  test.each([
    ["keys", "[profile work]\nregion = eu-west-1\naws_access_key_id=AKIA1\n", true, undefined],
    [
      "a program, with a comment behind it",
      "# mine\r\n[ profile work ]\r\ncredential_process = tell --to me # it asks\r\n",
      true,
      "tell --to me",
    ],
    ["SSO", '[profile "work"]\nsso_session = corp\n', true, undefined],
    ["nothing but a region", "[profile work]\nregion = eu-west-1\n", false, undefined],
    ["an empty value", "[profile work]\ncredential_process =\n", false, undefined],
    ["what belongs to a line before", "[profile work]\ns3 =\n  role_arn = x\n", false, undefined],
    ["another profile's", "[profile work]\n[profile play]\nrole_arn = x\n", false, undefined],
  ])("%s", async (_what, config, hasSource, program) => {
    expect(await read("work", config)).toEqual({ hasSource, program });
  });

  test("both files count", async () => {
    expect(
      await read("work", "[profile work]\nregion = x\n", "[work]\naws_access_key_id = AKIA1\n"),
    ).toMatchObject({ hasSource: true });
    expect(await read("default", "[default]\nrole_arn = x\n")).toMatchObject({ hasSource: true });
  });

  test("a section of the config file that is no profile is none", async () => {
    for (const config of ["[work]\nrole_arn = x\n", "[sso-session work]\n", "[services work]\n"])
      await expect(read("work", config)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("a file that cannot be read is told", async () => {
    await expect(
      readProfile("work", { config: directory, credentials: join(directory, "none") }),
    ).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
  });
});
