import { describe, expect, test } from "vitest";

import { readAccount } from "../../../../src/providers/ec2/account.ts";
import { judge } from "../../../../src/providers/ec2/failures.ts";
import { ec2OptionsSchema } from "../../../../src/providers/ec2/options.ts";

const account = (region = "eu-central-1") => readAccount(ec2OptionsSchema.parse({ region }), {});

/** As the SDK throws it. */
function thrown(
  name: string,
  status: number | undefined,
  more: Readonly<Record<string, unknown>> = {},
): Error {
  const error = new Error(`told: ${name}`);
  error.name = name;
  return Object.assign(error, { $metadata: { httpStatusCode: status }, ...more });
}

/** `KIND CODE`, or what else tells outcomes apart. */
function verdict(error: unknown, region?: string): string {
  const outcome = judge("do it", error, account(region));
  switch (outcome.kind) {
    case "fail":
      return `fail ${outcome.error.code}`;
    case "rate-limit":
      return `rate-limit ${outcome.retryAfterMs ?? "unnamed"}`;
    case "broken":
      return `broken ${outcome.isSent ? "sent" : "not sent"}`;
    default:
      return outcome.kind;
  }
}

describe("what EC2's answers mean", () => {
  test.each([
    ["RequestLimitExceeded", 503, "rate-limit unnamed"],
    ["Throttling", 400, "rate-limit unnamed"],
    ["Whatever", 429, "rate-limit unnamed"],
    ["ExpiredToken", 400, "refused"],
    ["RequestExpired", 400, "refused"],
    ["AuthFailure", 401, "refused"],
    ["SignatureDoesNotMatch", 403, "refused"],
    ["UnauthorizedOperation", 403, "fail PROVIDER_AUTH"],
    ["VcpuLimitExceeded", 400, "fail PROVIDER_QUOTA"],
    ["AddressLimitExceeded", 400, "fail PROVIDER_QUOTA"],
    ["InsufficientInstanceCapacity", 500, "fail PROVIDER_CAPACITY"],
    ["Unsupported", 400, "fail PROVIDER_CAPACITY"],
    ["SpotMaxPriceTooLow", 400, "fail PROVIDER_CAPACITY"],
    ["InvalidGroup.NotFound", 400, "fail PROVIDER_NOT_FOUND"],
    ["InvalidAMIID.Unavailable", 400, "fail PROVIDER_NOT_FOUND"],
    ["InvalidInstanceType", 400, "fail PROVIDER_NOT_FOUND"],
    ["DependencyViolation", 400, "fail PROVIDER_CONFLICT"],
    ["IdempotentParameterMismatch", 400, "fail PROVIDER_CONFLICT"],
    ["InvalidGroup.InUse", 400, "fail PROVIDER_CONFLICT"],
    ["InvalidPermission.Duplicate", 400, "fail PROVIDER_CONFLICT"],
    ["IncorrectInstanceState", 400, "fail PROVIDER_CONFLICT"],
    ["InvalidParameterValue", 400, "fail PROVIDER_REFUSED"],
    ["InvalidPermission.Malformed", 400, "fail PROVIDER_REFUSED"],
    ["MissingParameter", 400, "fail PROVIDER_REFUSED"],
    ["InternalError", 500, "broken sent"],
    ["Unavailable", 503, "broken sent"],
  ])("%s with %i", (name, status, expected) => {
    expect(verdict(thrown(name, status))).toBe(expected);
  });

  test("a time that is named is waited for", () => {
    const of = (value: string): string =>
      verdict(
        thrown("RequestLimitExceeded", 503, { $response: { headers: { "retry-after": value } } }),
      );
    expect(of("7")).toBe("rate-limit 7000");
    expect(of("nonsense")).toBe("rate-limit unnamed");
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect(Number(of(date).replace("rate-limit ", ""))).toBeGreaterThan(50_000);
  });

  test.each([
    ["ECONNREFUSED", "broken not sent"],
    ["EHOSTUNREACH", "broken not sent"],
    ["ECONNRESET", "broken sent"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "fail PROVIDER_UNAVAILABLE"],
  ])("a connection that ends with %s", (code, expected) => {
    expect(verdict(thrown("Error", undefined, { code }))).toBe(expected);
  });

  test("a region that there is not is told with the nearest", () => {
    const outcome = judge(
      "do it",
      thrown("Error", undefined, { code: "ENOTFOUND" }),
      account("eu-cental-1"),
    );
    expect(
      outcome.kind === "fail" &&
        `${outcome.error.code} ${outcome.error.message} ${outcome.error.hint}`,
    ).toMatch(/^CONFIG_INVALID EC2 has no region "eu-cental-1"\. Did you mean "eu-central-1"\?/);
    expect(verdict(thrown("Error", undefined, { code: "ENOTFOUND" }))).toBe("broken not sent");
  });

  test("no region, no credentials", () => {
    expect(verdict(new Error("Region is missing"))).toBe("fail CONFIG_INVALID");
    expect(verdict(thrown("CredentialsProviderError", undefined))).toBe("fail PROVIDER_AUTH");
  });
});
