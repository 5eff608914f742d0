import type { Attempt } from "../../cloud/repeat-call.ts";
import { ProviderError, type RefusedError, UserError } from "../../errors/error.ts";
import type { ProviderErrorCode } from "../../errors/codes.ts";
import { nearestWord } from "../../stack/suggest.ts";
import type { Account } from "./account.ts";
import { REGIONS } from "./regions.ts";

/** EC2 said no; `reason` is its own code. */
export class Ec2Refusal extends ProviderError {
  readonly reason: string;
  constructor(code: ProviderErrorCode, reason: string, message: string, hint?: string) {
    super(code, message, { hint });
    this.reason = reason;
  }
}

/** What the SDK's errors are made of; nothing of it is certain. */
interface SdkError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const RATE_LIMITS =
  /^(RequestLimitExceeded|Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|EC2ThrottledException|TooManyRequestsException|SlowDown|PriorRequestNotComplete)$/;
const REFUSED =
  /^(AuthFailure|ExpiredToken|ExpiredTokenException|RequestExpired|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|TokenRefreshRequired|InvalidToken|OptInRequired)$/;
const NO_RIGHT =
  /^(UnauthorizedOperation|AccessDenied|AccessDeniedException|Blocked|PendingVerification|InvalidAction\.Denied)$/;
const QUOTA =
  /^(VcpuLimitExceeded|InstanceLimitExceeded|AddressLimitExceeded|VolumeLimitExceeded|SecurityGroupLimitExceeded|SecurityGroupsPerInterfaceLimitExceeded|RulesPerSecurityGroupLimitExceeded|TagLimitExceeded|MaxIOPSLimitExceeded|ResourceLimitExceeded|ResourceCountExceeded|KeyPairLimitExceeded|NetworkInterfaceLimitExceeded)$/;
const CAPACITY =
  /^(InsufficientInstanceCapacity|InsufficientHostCapacity|InsufficientReservedInstanceCapacity|InsufficientCapacity|InsufficientCapacityOnHost|InsufficientFreeAddressesInSubnet|InsufficientAddressCapacity|InsufficientVolumeCapacity|SpotMaxPriceTooLow|MaxSpotInstanceCountExceeded|Unsupported|UnsupportedHostConfiguration)$/;
const NOT_FOUND =
  /(\.NotFound|\.Unavailable|NotFoundException)$|^(InvalidInstanceType|InvalidAMIID\.Malformed|InvalidGroupId\.Malformed|InvalidSubnetID\.Malformed|InvalidPermission\.NotFound|ParameterNotFound)$/;

/** It is there already, is in use, or is in a state that does not allow it. */
const CONFLICT =
  /(\.Duplicate|\.InUse|\.InUseException|InUse|AlreadyExists|AlreadyAssociated)$|^(DependencyViolation|IdempotentParameterMismatch|IncorrectState|IncorrectInstanceState|InvalidState|InvalidInstanceState|OperationNotPermitted|ConcurrentTagAccess)$/;

/**
 * Judges what the SDK threw.
 *
 * @param right What the credentials must be allowed to do for this call, such as `ec2:RunInstances`.
 *
 * EC2 answers its rate limit with 503 and a code of its own; quota, capacity and what is not there are told apart by
 * codes as well: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
export function judge(
  what: string,
  thrown: unknown,
  account: Account,
  right?: string,
): Attempt<never> {
  const error = (typeof thrown === "object" && thrown !== null ? thrown : {}) as SdkError;
  const reason = typeof error.name === "string" ? error.name : "";
  const said = typeof error.message === "string" ? error.message : String(thrown);
  const message = oneLine(said);
  const status = error.$metadata?.httpStatusCode;
  const fail = (failure: ProviderError | RefusedError | UserError): Attempt<never> => ({
    kind: "fail",
    error: failure,
  });
  const refuse = (code: ProviderErrorCode, hint?: string): Attempt<never> =>
    fail(new Ec2Refusal(code, reason, `EC2 refused to ${what}: ${message} (${reason})`, hint));
  if (thrown instanceof ProviderError || thrown instanceof UserError) return fail(thrown);
  if (message.startsWith("Region is missing")) return fail(regionMissing(account));
  if (/^(CredentialsProviderError|TokenProviderError|ProviderError)$/.test(reason))
    return fail(credentialsMissing(account, message, thrown));
  if (status === undefined) return judgeConnection(what, error, message, thrown, account);
  if (RATE_LIMITS.test(reason) || status === 429)
    return { kind: "rate-limit", retryAfterMs: retryAfterMs(error.$response?.headers) };
  if (REFUSED.test(reason)) return { kind: "refused" };
  if (NO_RIGHT.test(reason)) {
    return refuse(
      "PROVIDER_AUTH",
      `The credentials are valid and lack a right: ${right === undefined ? "" : `${right}, or one that goes with it: `}docs/guide/ec2.md has a policy with all that is needed.`,
    );
  }
  if (reason === "AuthFailure.ServiceLinkedRoleCreationNotPermitted") {
    return refuse(
      "PROVIDER_AUTH",
      "The account has used no spot instances yet, and these credentials may not make the role for them: somebody who may runs `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`, once.",
    );
  }
  if (QUOTA.test(reason)) {
    return refuse(
      "PROVIDER_QUOTA",
      "Ask for a larger quota (Service Quotas, Amazon EC2), take a smaller size, or destroy what is not needed; what was made so far is found again by the next run.",
    );
  }
  // Capacity comes as 500 as well, and is no failure of theirs that a repetition would mend.
  if (CAPACITY.test(reason)) return refuse("PROVIDER_CAPACITY");
  if (status >= 500 || status < 400)
    return { kind: "broken", isSent: true, why: `status ${status}, ${message}` };
  if (NOT_FOUND.test(reason)) return refuse("PROVIDER_NOT_FOUND");
  return refuse(
    CONFLICT.test(reason) ? "PROVIDER_CONFLICT" : "PROVIDER_REFUSED",
    "EC2's own words say why; what was made so far is found again by the next run.",
  );
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 300);
}

/** No answer: was anything sent? */
function judgeConnection(
  what: string,
  error: SdkError,
  message: string,
  thrown: unknown,
  account: Account,
): Attempt<never> {
  const code = typeof error.code === "string" ? error.code : "";
  const service = account.endpoints.ec2 ?? `the region ${account.region ?? "of the profile"}`;
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code) && account.endpoints.ec2 === undefined) {
    const { region } = account;
    if (region !== undefined && !REGIONS.includes(region))
      return { kind: "fail", error: regionUnknown(region) };
  }
  if (/^(CERT_|ERR_TLS|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
    return {
      kind: "fail",
      error: new ProviderError(
        "PROVIDER_UNAVAILABLE",
        `The certificate of ${service} is not trusted: ${message}.`,
        { cause: thrown, hint: "Node reads further authorities from NODE_EXTRA_CA_CERTS." },
      ),
    };
  }
  const isSent =
    !/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(code);
  return {
    kind: "broken",
    isSent,
    why: message,
    error: new ProviderError(
      "PROVIDER_UNAVAILABLE",
      `EC2 (${service}) ${isSent ? "gave no answer" : "cannot be reached"} to ${what}: ${message}.`,
      { cause: thrown, hint: "Check the region, the endpoint, your network and VPN." },
    ),
  };
}

/** Seconds, or a date; RFC 9110, 10.2.3. EC2 itself names none, what stands before it may. */
function retryAfterMs(headers: Readonly<Record<string, string>> | undefined): number | undefined {
  const given = headers?.["retry-after"];
  if (given === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Math.ceil(Number(given) * 1000);
  const at = Date.parse(given);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function regionUnknown(region: string): UserError {
  const nearest = nearestWord(region, REGIONS);
  return new UserError("CONFIG_INVALID", `EC2 has no region "${region}".`, {
    hint: `${nearest === undefined ? "" : `Did you mean "${nearest}"? `}\`aws ec2 describe-regions\` lists those of the account.`,
  });
}

function regionMissing({ source }: Account): UserError {
  return new UserError("CONFIG_INVALID", `No region is named for EC2, nor has ${source} one.`, {
    hint: 'Set ec2({ region: "eu-central-1" }), AWS_REGION, or `region` in the profile.',
  });
}

export function credentialsMissing(
  { source }: Account,
  why: string,
  cause: unknown,
): ProviderError {
  return new ProviderError(
    "PROVIDER_AUTH",
    `No credentials for EC2 were found by ${source}: ${oneLine(why)}`,
    {
      cause,
      hint: "Set AWS_PROFILE or ec2({ profile }), log in (`aws configure`, `aws sso login`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    },
  );
}

export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof ProviderError && thrown.code === "PROVIDER_NOT_FOUND";
}

/** Whether EC2 said no for this reason. */
export function isRefusal(thrown: unknown, reason: RegExp): thrown is Ec2Refusal {
  return thrown instanceof Ec2Refusal && reason.test(thrown.reason);
}
