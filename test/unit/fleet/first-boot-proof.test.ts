import { describe, expect, test } from "vitest";

import { judgeFirstBoot } from "../../../src/fleet/first-boot-proof.ts";

const judge = (
  isOnlyWay: boolean,
  found: string | undefined,
  hasCloudInit = true,
): string | undefined =>
  judgeFirstBoot(
    { server: "web1", firstBoot: { nonce: "nonce-1", isOnlyWay } },
    { hasCloudInit, ...(found === undefined ? {} : { firstBootNonce: found }) },
  );

describe("the nonce of a new machine's first boot", () => {
  test("it is there, or the machine got no user-data", () => {
    expect(judge(true, "nonce-1")).toBeUndefined();
    expect(judgeFirstBoot({ server: "web1" }, { hasCloudInit: false })).toBeUndefined();
  });

  test.each([
    [undefined, /was not carried out\. Nothing else was to let us in/],
    ["nonce-2", /is not the user-data that was given to it\. Nothing else/],
  ])("%s where nothing else lets in: refused", (found, text) => {
    expect(() => judge(true, found)).toThrow(
      expect.objectContaining({
        code: "FIRST_BOOT_UNPROVEN",
        message: expect.stringMatching(text) as string,
      }),
    );
  });

  test("where a key pair lets in as well: told, with what may be the reason", () => {
    expect(judge(false, undefined, false)).toMatch(/not carried out: its image has no cloud-init/);
    expect(judge(false, "nonce-2")).toMatch(/not the user-data that was given/);
  });
});
