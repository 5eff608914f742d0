import type { EC2ClientConfig } from "@aws-sdk/client-ec2";

import type { ProviderError } from "../../errors/error.ts";
import type { Account } from "./account.ts";
import { credentialsMissing } from "./failures.ts";
import type { AwsProfile } from "./profiles.ts";
import type { Ec2Sdk } from "./sdk.ts";

type Found = Awaited<
  ReturnType<Extract<EC2ClientConfig["credentials"], (...words: never) => unknown>>
>;
export type Credentials = () => Promise<Found>;

/** What fails at one link stands in no error, since the next one is tried: it is only logged. */
const LOGGED = /^@smithy\/property-provider (?:->|\(!\)) (.+)$/s;
/** Links that are not asked where a profile is named. */
const NOT_ASKED = /\bskipping /i;

/**
 * The SDK's own chain, of which it is told why it found nothing.
 *
 * Where a profile says itself where its credentials come from, they come from there or not at all: the SDK would go on to the
 * role of the computer, which may be another account's.
 *
 * @param config What the client is made with.
 * @returns looks them up, again where they are about to end. It throws ProviderError PROVIDER_AUTH.
 */
export function credentialChain(
  sdk: Ec2Sdk,
  config: EC2ClientConfig,
  account: Account,
  profile: AwsProfile | undefined,
): Credentials {
  let firstReason: string | undefined;
  const logger = {
    debug: (...words: readonly unknown[]): void => {
      const reason = LOGGED.exec(String(words[0]))?.[1];
      if (reason !== undefined && !NOT_ASKED.test(reason)) firstReason ??= reason;
    },
    // They would be printed.
    trace: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  // Else the files are read once in a process, and a login that has written new ones is not seen.
  const uncached = { ...config, logger, ignoreCache: true };
  const { credentials: find } = new sdk.EC2Client(uncached).config;
  const missing = (thrown?: Error): ProviderError => {
    // The profile is the first link that is asked.
    const isOwn = profile?.hasSource === true && firstReason !== undefined;
    const why = (isOwn ? firstReason : thrown?.message) ?? "it gave none";
    // A command may hold what nobody is to see.
    const text = why.replaceAll(profile?.program ?? "\0", "credential_process");
    return credentialsMissing(account, text, thrown);
  };
  return async () => {
    firstReason = undefined;
    const found = await find().catch((thrown: unknown) => {
      throw isOfChain(thrown) ? missing(thrown) : thrown;
    });
    if (profile?.hasSource === true && !isOfProfile(found)) throw missing();
    return found;
  };
}

function isOfChain(thrown: unknown): thrown is Error {
  return (
    thrown instanceof Error &&
    /^(CredentialsProviderError|TokenProviderError|ProviderError)$/.test(thrown.name)
  );
}

/** The SDK notes on them where they come from. */
function isOfProfile(found: Found): boolean {
  const { $source: sources = {} } = found as {
    readonly $source?: Readonly<Record<string, string>>;
  };
  return Object.keys(sources).some((source) =>
    /^CREDENTIALS_(PROFILE|PROCESS|SSO|LOGIN)/.test(source),
  );
}
