import type {
  $Command,
  EC2Client,
  EC2ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-ec2";
import type { SSMClient } from "@aws-sdk/client-ssm";

import { budgetOf, type CallBudget } from "../../cloud/call-budget.ts";
import type { CallKind } from "../../cloud/call-limit.ts";
import type { CallSettings } from "../../cloud/call-settings.ts";
import { type Caller, unlessAborted } from "../../cloud/caller.ts";
import { type Attempt, repeatCall } from "../../cloud/repeat-call.ts";
import { CancelledError, ProviderError } from "../../errors/error.ts";
import type { Account } from "./account.ts";
import { credentialChain, type Credentials } from "./credential-chain.ts";
import { judge } from "./failures.ts";
import { readProfile } from "./profiles.ts";
import { type Ec2Sdk, loadEc2Sdk, loadSsmSdk, type SsmSdk } from "./sdk.ts";

/** A command of EC2: what it takes and what it answers. */
export type Ec2Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  EC2ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

export interface Ec2Call<I extends ServiceInputTypes, O extends ServiceOutputTypes> {
  /** The action's name, such as "RunInstances". */
  readonly action: string;
  /** What is done, for people, after "to": `create the server shop.web1`. */
  readonly what: string;
  readonly command: (sdk: Ec2Sdk) => Ec2Command<I, O>;
  /** Doing it twice does no harm. Default true. */
  readonly isRepeatable?: boolean;
  /** Once it is sent, its answer is waited for, also when the run is cancelled: to know what was made. */
  readonly mustFinish?: boolean;
}

export interface SsmCall<O> {
  readonly action: string;
  readonly what: string;
  readonly send: (
    client: SSMClient,
    sdk: SsmSdk,
    options: { readonly abortSignal: AbortSignal },
  ) => Promise<O>;
}

export interface ClientSettings extends CallSettings {
  readonly account: Account;
}

/** What is known for as long as the credentials hold. */
interface Opened {
  readonly sdk: Ec2Sdk;
  readonly ec2: EC2Client;
  readonly credentials: Credentials | NonNullable<Account["credentials"]>;
  readonly region: string;
  readonly accessKeyId: string;
}

interface Exchange<O> {
  /** Of EC2 or of the Systems Manager. */
  readonly service: "ec2" | "ssm";
  readonly action: string;
  readonly what: string;
  readonly isRepeatable: boolean;
  readonly mustFinish: boolean;
  readonly url: string;
  readonly send: (signal: AbortSignal) => Promise<O>;
}

/**
 * Calls to EC2 in one region with one account: bounded, traced, and repeated where that is harmless. The SDK repeats
 * nothing by itself, so that every call is counted.
 *
 * When a call is refused for its credentials, these are looked up again once: a session that has ended may have been
 * renewed meanwhile.
 */
export class Ec2Api {
  readonly #settings: ClientSettings;
  readonly #never = new AbortController().signal;
  #opening: Promise<Opened> | undefined;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  async region(caller: Caller): Promise<string> {
    return (await unlessAborted(this.#open(), caller.signal)).region;
  }

  /** Does the call. @throws ProviderError, AnswerLostError, UserError, RefusedError, CancelledError */
  async call<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    call: Ec2Call<I, O>,
    caller: Caller,
  ): Promise<O> {
    return await this.#withCredentials(call.what, caller, async ({ sdk, ec2, region }) => ({
      service: "ec2",
      action: call.action,
      what: call.what,
      isRepeatable: call.isRepeatable ?? true,
      mustFinish: call.mustFinish ?? false,
      url: this.#settings.account.endpoints.ec2 ?? `https://ec2.${region}.amazonaws.com`,
      send: async (signal) => await ec2.send(call.command(sdk), { abortSignal: signal }),
    }));
  }

  /** Does a call to the Systems Manager, which changes nothing. @throws as `call`; RefusedError PREREQUISITE_MISSING */
  async callSsm<O>({ action, what, send }: SsmCall<O>, caller: Caller): Promise<O> {
    const { endpoints } = this.#settings.account;
    return await this.#withCredentials(what, caller, async ({ region, credentials }) => {
      const sdk = await loadSsmSdk();
      const ssm = new sdk.SSMClient({
        maxAttempts: 1,
        region,
        credentials,
        ...(endpoints.ssm === undefined ? {} : { endpoint: endpoints.ssm }),
      });
      return {
        service: "ssm",
        action,
        what,
        isRepeatable: true,
        mustFinish: false,
        url: endpoints.ssm ?? `https://ssm.${region}.amazonaws.com`,
        send: async (abortSignal) => await send(ssm, sdk, { abortSignal }),
      };
    });
  }

  async #withCredentials<O>(
    what: string,
    caller: Caller,
    prepare: (opened: Opened) => Promise<Exchange<O>>,
  ): Promise<O> {
    let refused: Opened | undefined;
    for (;;) {
      const opened = await unlessAborted(this.#open(refused), caller.signal);
      const outcome = await this.#exchange(await prepare(opened), this.#budgetOf(opened), caller);
      if (outcome !== "refused") return outcome;
      if (refused !== undefined) throw refusedTwice(this.#settings.account, what);
      refused = opened;
    }
  }

  /** The client; a new one where there is none, or its credentials were refused: one for all whom they failed. */
  async #open(refused?: Opened): Promise<Opened> {
    const opening = this.#opening;
    if (opening !== undefined) {
      const opened = await opening;
      if (opened !== refused) return opened;
    }
    if (this.#opening === opening) {
      const making = this.#makeClient();
      this.#opening = making;
      making.catch(() => {
        if (this.#opening === making) this.#opening = undefined;
      });
    }
    return await (this.#opening ?? this.#open());
  }

  async #makeClient(): Promise<Opened> {
    const { account, callTimeoutMs } = this.#settings;
    const profile =
      account.profile === undefined
        ? undefined
        : await readProfile(account.profile, account.profileFiles);
    const sdk = await loadEc2Sdk();
    const config = {
      maxAttempts: 1,
      ...(account.region === undefined ? {} : { region: account.region }),
      ...(account.profile === undefined ? {} : { profile: account.profile }),
      ...(account.endpoints.ec2 === undefined ? {} : { endpoint: account.endpoints.ec2 }),
    };
    const credentials = account.credentials ?? credentialChain(sdk, config, account, profile);
    const ec2 = new sdk.EC2Client({ ...config, credentials });
    const limit = AbortSignal.timeout(callTimeoutMs);
    const look = async (): Promise<Opened> => ({
      sdk,
      ec2,
      credentials,
      region: await ec2.config.region(),
      accessKeyId: (await ec2.config.credentials()).accessKeyId,
    });
    try {
      return await unlessAborted(look(), limit);
    } catch (thrown) {
      const outcome = judge("find the credentials", thrown, account);
      throw outcome.kind === "fail" ? outcome.error : noCredentials(account, thrown);
    }
  }

  #budgetOf({ region, accessKeyId }: Opened): CallBudget {
    const { account, limits } = this.#settings;
    return budgetOf(JSON.stringify(["ec2", account.endpoints.ec2, region, accessKeyId]), limits);
  }

  async #exchange<O>(
    exchange: Exchange<O>,
    budget: CallBudget,
    caller: Caller,
  ): Promise<O | "refused"> {
    const { what, isRepeatable } = exchange;
    const { retryMs } = this.#settings;
    return await repeatCall(
      { cloud: "EC2", what, isRepeatable, retryMs, budget, signal: caller.signal },
      async () => await this.#once(exchange, budget, caller),
    );
  }

  async #once<O>(
    { service, action, what, url, send, mustFinish }: Exchange<O>,
    budget: CallBudget,
    caller: Caller,
  ): Promise<Attempt<O>> {
    return await budget.spend(caller, kindOf(action), async () => {
      const began = performance.now();
      const tell = (about: Metadata | undefined): void =>
        caller.trace?.({
          what,
          method: "POST",
          url: `${url.replace(/\/+$/, "")}/?Action=${action}`,
          status: about?.httpStatusCode,
          ms: Math.round(performance.now() - began),
          ...(about?.requestId === undefined ? {} : { requestId: about.requestId }),
        });
      const { account, callTimeoutMs } = this.#settings;
      const limit = AbortSignal.timeout(callTimeoutMs);
      const given = mustFinish ? this.#never : caller.signal;
      try {
        const value = await send(AbortSignal.any([limit, given]));
        tell(metadataOf(value));
        return { kind: "answer", value };
      } catch (thrown) {
        tell(metadataOf(thrown));
        if (given.aborted) throw new CancelledError();
        if (limit.aborted)
          return { kind: "broken", isSent: true, why: `no answer within ${callTimeoutMs} ms` };
        return judge(what, thrown, account, `${service}:${action}`);
      }
    });
  }
}

interface Metadata {
  readonly httpStatusCode?: number | undefined;
  readonly requestId?: string | undefined;
}

function metadataOf(answer: unknown): Metadata | undefined {
  return (answer as { readonly $metadata?: Metadata } | undefined)?.$metadata;
}

function refusedTwice({ source }: Account, what: string): ProviderError {
  return new ProviderError(
    "PROVIDER_AUTH",
    `EC2 refused the credentials of ${source}, to ${what}.`,
    {
      hint: "A session has ended (`aws sso login`, or new keys), the keys are wrong, the region is not enabled for the account, or this computer's clock is wrong: try `aws sts get-caller-identity`.",
    },
  );
}

function noCredentials({ source }: Account, cause: unknown): ProviderError {
  return new ProviderError("PROVIDER_AUTH", `No credentials for EC2 were found by ${source}.`, {
    cause,
    hint: "Set AWS_PROFILE or ec2({ profile }), log in (`aws configure`, `aws sso login`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
  });
}

function kindOf(action: string): CallKind {
  return /^(Describe|Get|List)/.test(action) ? "read" : "write";
}
