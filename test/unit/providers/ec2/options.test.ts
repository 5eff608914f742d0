import { describe, expect, test } from "vitest";

import { UserError } from "../../../../src/errors/error.ts";
import { ec2 } from "../../../../src/providers/ec2/ec2.ts";

/** `path message | hint` of every problem. */
function problemsOf(options: object): readonly string[] {
  try {
    ec2(options, {});
    return [];
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return (thrown.toRecord().problems ?? []).map(
      ({ path, message, hint }) => `${path} ${message} | ${hint ?? ""}`,
    );
  }
}

describe("options that do not go together are refused, with the place and what to do", () => {
  test.each([
    [{ type: "io1" }, /^provider\.rootVolume\.iops is missing \| A volume of the type io1 has as/],
    [
      { type: "gp2", iops: 3000 },
      /^provider\.rootVolume\.iops is not for volumes of the type gp2 \| Leave it out, or take/,
    ],
    [{ iops: 200 }, /^provider\.rootVolume\.iops must be 3000 or more for the type gp3 \| Every/],
    [
      { type: "io2", iops: 500, throughput: 250 },
      /^provider\.rootVolume\.throughput is not for volumes of the type io2 \| Leave it out/,
    ],
    [
      { encrypted: false, kmsKey: "alias/shop" },
      /^provider\.rootVolume\.kmsKey is for a volume that is encrypted \| Set `encrypted` to true/,
    ],
    // Nothing boots from it.
    [{ type: "st1" }, /^provider\.rootVolume\.type must be one of "gp2", "gp3", "io1", "io2"/],
    [{ throughput: 2001 }, /^provider\.rootVolume\.throughput /],
    [{ iops: 99, type: "gp3" }, /^provider\.rootVolume\.iops /],
    [{ sizeGb: 0 }, /^provider\.rootVolume\.sizeGb /],
    [{ kmsKey: "" }, /^provider\.rootVolume\.kmsKey /],
  ])("rootVolume %o", (rootVolume, expected) => {
    const [problem, ...others] = problemsOf({ rootVolume });
    expect(problem).toMatch(expected);
    expect(others).toEqual([]);
  });

  test.each([
    [
      { accessAddress: "public", publicAddress: false },
      /^provider\.accessAddress is "public", and publicAddress: false .* \| Set `publicAddress` or/,
    ],
    [
      { ownSecurityGroup: false },
      /^provider\.ownSecurityGroup is false, and no group .* \| Name a group of yours in `securityG/,
    ],
    [{ securityGroups: ["web"] }, /^provider\.securityGroups\[0\] must be the id of a group/],
    [{ accessAddress: "outer" }, /^provider\.accessAddress must be one of "public", "private"/],
    [{ spot: { maxPrice: "cheap" } }, /^provider\.spot\.maxPrice must be such as "0\.02"/],
    [{ spot: { maxPrise: "0.02" } }, /^provider\.spot\.maxPrise is not an option \| Did you mean/],
    [{ image: { ssm: "aws/service" } }, /^provider\.image\.ssm must be a path such as/],
  ])("%o", (options, expected) => {
    const [problem, ...others] = problemsOf(options);
    expect(problem).toMatch(expected);
    expect(others).toEqual([]);
  });

  test.each([
    { rootVolume: { type: "io2", iops: 100 } },
    { rootVolume: { iops: 3000, throughput: 125, kmsKey: "alias/shop" } },
    { accessAddress: "public", publicAddress: false, elasticAddress: true },
    { accessAddress: "public", publicAddress: false, ipv6: true },
    { ownSecurityGroup: false, securityGroups: ["sg-0123abcd"] },
  ])("what goes together is taken: %o", (options) => {
    expect(problemsOf(options)).toEqual([]);
  });
});
