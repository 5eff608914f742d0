import type { z } from "zod";

import { budgetOf, type CallBudget } from "../../cloud/call-budget.ts";
import type { CallSettings } from "../../cloud/call-settings.ts";
import { type Caller, unlessAborted } from "../../cloud/caller.ts";
import { type Attempt, repeatCall } from "../../cloud/repeat-call.ts";
import { InternalError, ProviderError } from "../../errors/error.ts";
import { type Account, accountKey, type ServiceName } from "./account.ts";
import { judge, judgeFailure } from "./failures.ts";
import {
  HttpFailure,
  type HttpRequest,
  type HttpResponse,
  openHttp,
  type SendHttp,
} from "./http.ts";
import { isV2, tokenRequestV2, tokenSchemaV2, toSessionV2 } from "./session-v2.ts";
import { endpointOf, type Session, tokenRequest, tokenSchema, toSession } from "./session.ts";
import { computeVersion, serviceRoot } from "./versions.ts";

export interface Call {
  readonly service: ServiceName;
  readonly method: HttpRequest["method"];
  /** Below the service's versioned root, such as `/servers/detail`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** What is done, for people, after "to": `create the server web1`. */
  readonly what: string;
  /** Doing it twice does no harm. Default: true for all but POST. */
  readonly isRepeatable?: boolean;
  /** Once it is sent, its answer is waited for, also when the run is cancelled: to know what was made. */
  readonly mustFinish?: boolean;
}

export interface ClientSettings extends CallSettings {
  readonly account: Account;
}

/** A token that ends within this time is renewed before a call, ms. */
const TOKEN_MARGIN_MS = 30_000;

/**
 * Calls to the services of one project: authenticated, bounded, traced, and repeated where that is harmless.
 *
 * - The token is renewed before it ends, and once when a service refuses it in the middle.
 * - 429 is waited for, by all calls of this account.
 * - 5xx and broken connections: repeated with growing pauses where a repetition does no harm; else AnswerLostError.
 */
export class OpenStackClient {
  readonly #settings: ClientSettings;
  readonly #budget: CallBudget;
  readonly #send: SendHttp;
  readonly #never = new AbortController().signal;
  #session: Session | undefined;
  #login: Promise<Session> | undefined;
  #computeVersion: Promise<string | undefined> | undefined;

  private constructor(settings: ClientSettings, send: SendHttp) {
    this.#settings = settings;
    this.#send = send;
    this.#budget = budgetOf(accountKey(settings.account), settings.callsPerHour);
  }

  static async open(settings: ClientSettings): Promise<OpenStackClient> {
    return new OpenStackClient(settings, await openHttp(settings.account.tls));
  }

  /** The project of the credentials. */
  async projectId(caller: Caller): Promise<string> {
    return (await this.#getSession(caller)).projectId;
  }

  /** Does the call and reads its answer. @throws ProviderError, AnswerLostError, CancelledError */
  async call<S extends z.ZodType>(call: Call, schema: S, caller: Caller): Promise<z.output<S>> {
    const response = await this.#try(call, caller);
    return parseAnswer(schema, response, call.what);
  }

  /** The same; undefined where the thing is not there (any more). */
  async callIfThere<S extends z.ZodType>(
    call: Call,
    schema: S,
    caller: Caller,
  ): Promise<z.output<S> | undefined> {
    return await unlessMissing(this.call(call, schema, caller));
  }

  /** Does a call whose answer says nothing. */
  async tell(call: Call, caller: Caller): Promise<void> {
    await this.#try(call, caller);
  }

  /** The same; false where the thing is not there (any more). */
  async tellIfThere(call: Call, caller: Caller): Promise<boolean> {
    return (await unlessMissing(this.#try(call, caller))) !== undefined;
  }

  async #try(call: Call, caller: Caller): Promise<HttpResponse> {
    let refused: string | undefined;
    for (;;) {
      const session = await this.#getSession(caller, refused);
      const root = serviceRoot(
        call.service,
        endpointOf(this.#settings.account, session, call.service),
      );
      const version =
        call.service === "compute"
          ? await this.#getComputeVersion(root, session.token, caller)
          : undefined;
      const outcome = await this.#exchange(
        {
          method: call.method,
          url: `${root}${call.path}${queryText(call.query)}`,
          headers: {
            accept: "application/json",
            "x-auth-token": session.token,
            ...(version === undefined ? {} : { "openstack-api-version": `compute ${version}` }),
            ...(call.body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        },
        {
          what: call.what,
          isRepeatable: call.isRepeatable ?? call.method !== "POST",
          mustFinish: call.mustFinish ?? false,
        },
        caller,
      );
      if (outcome !== "refused") return outcome;
      if (refused !== undefined) throw refusedTwice(this.#settings.account, call.what);
      refused = session.token;
    }
  }

  /** The session; a new one where there is none, it ends soon, or its token was refused. One login at a time. */
  async #getSession(caller: Caller, refusedToken?: string): Promise<Session> {
    const current = this.#session;
    const isGood =
      current !== undefined &&
      current.token !== refusedToken &&
      current.expiresAt - TOKEN_MARGIN_MS > Date.now();
    if (isGood) return current;
    // Whoever shares the login must not lose it because the first one gave up.
    const shared = { ...caller, signal: AbortSignal.timeout(this.#settings.callTimeoutMs * 4) };
    this.#login ??= this.#logIn(shared).finally(() => (this.#login = undefined));
    return await unlessAborted(this.#login, caller.signal);
  }

  async #logIn(caller: Caller): Promise<Session> {
    const { account } = this.#settings;
    const what = "log in";
    const { auth } = account;
    const outcome = await this.#exchange(
      {
        method: "POST",
        url: `${account.authUrl}${isV2(auth) ? "/tokens" : "/auth/tokens"}`,
        headers: { accept: "application/json", "content-type": "application/json" },
        body: JSON.stringify(isV2(auth) ? tokenRequestV2(auth) : tokenRequest(account)),
      },
      { what, isRepeatable: true },
      caller,
    );
    if (outcome === "refused") throw credentialsRefused(account);
    if (isV2(auth)) {
      this.#session = toSessionV2(parseAnswer(tokenSchemaV2, outcome, what));
      return this.#session;
    }
    const token = outcome.headers["x-subject-token"];
    if (typeof token !== "string") throw notOpenStack(account.authUrl);
    this.#session = toSession(account, token, parseAnswer(tokenSchema, outcome, what));
    return this.#session;
  }

  async #getComputeVersion(
    root: string,
    token: string,
    caller: Caller,
  ): Promise<string | undefined> {
    const shared = { ...caller, signal: AbortSignal.timeout(this.#settings.callTimeoutMs * 4) };
    this.#computeVersion ??= this.#exchange(
      {
        method: "GET",
        url: versionDocument(root),
        headers: { accept: "application/json", "x-auth-token": token },
      },
      { what: "read Nova's versions", isRepeatable: true },
      shared,
    ).then(
      (outcome) => (outcome === "refused" ? undefined : computeVersion(outcome.text)),
      (error: unknown) => {
        this.#computeVersion = undefined;
        if (error instanceof ProviderError && error.code === "PROVIDER_NOT_FOUND") return undefined;
        throw error;
      },
    );
    return await unlessAborted(this.#computeVersion, caller.signal);
  }

  /** One call, with everything that may be repeated. */
  async #exchange(
    request: Omit<HttpRequest, "timeoutMs" | "signal">,
    how: { readonly what: string; readonly isRepeatable: boolean; readonly mustFinish?: boolean },
    caller: Caller,
  ): Promise<HttpResponse | "refused"> {
    const { what, isRepeatable, mustFinish = false } = how;
    const { retryMs } = this.#settings;
    const signal = mustFinish ? this.#never : caller.signal;
    return await repeatCall(
      {
        cloud: "OpenStack",
        what,
        isRepeatable,
        retryMs,
        budget: this.#budget,
        signal: caller.signal,
      },
      async () => await this.#once({ ...request, signal }, what, caller),
    );
  }

  async #once(
    request: Omit<HttpRequest, "timeoutMs">,
    what: string,
    caller: Caller,
  ): Promise<Attempt<HttpResponse>> {
    return await this.#budget.spend(caller, async () => {
      const began = performance.now();
      const tell = (status: number | undefined, requestId?: string): void =>
        caller.trace?.({
          what,
          method: request.method,
          url: request.url,
          status,
          ms: Math.round(performance.now() - began),
          ...(requestId === undefined ? {} : { requestId }),
        });
      try {
        const { callTimeoutMs: timeoutMs } = this.#settings;
        const response = await this.#send({ ...request, timeoutMs });
        const id =
          response.headers["x-openstack-request-id"] ?? response.headers["x-compute-request-id"];
        tell(response.status, typeof id === "string" ? id : undefined);
        return judge(what, response);
      } catch (thrown) {
        if (!(thrown instanceof HttpFailure)) throw thrown;
        tell(undefined);
        return judgeFailure(what, request.url, thrown);
      }
    });
  }
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  return await answer.catch((thrown: unknown) => {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  });
}

export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof ProviderError && thrown.code === "PROVIDER_NOT_FOUND";
}

function parseAnswer<S extends z.ZodType>(
  schema: S,
  response: HttpResponse,
  what: string,
): z.output<S> {
  let body: unknown;
  try {
    body = JSON.parse(response.text);
  } catch {
    body = undefined;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
  throw new InternalError(
    `OpenStack's answer to "${what}" is not understood (${paths || "no JSON"}).`,
  );
}

function queryText(query: Call["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString()}`;
}

/** Nova tells its versions at the root of a version, without the project id that old catalogues put behind it. */
function versionDocument(root: string): string {
  return `${root.replace(/(\/v2(?:\.\d+)?)\/.*$/, "$1")}/`;
}

function credentialsRefused(account: Account): ProviderError {
  if (isV2(account.auth)) {
    return new ProviderError(
      "PROVIDER_AUTH",
      `Rackspace refused the credentials of ${account.source}.`,
      {
        hint: "Check the user name and the API key; it stands in the control panel, under the account's settings. Accounts of the United Kingdom have an identity service of their own: authUrl.",
      },
    );
  }
  const isToken = account.auth.kind === "token";
  return new ProviderError(
    "PROVIDER_AUTH",
    `Keystone refused the credentials of ${account.source}.`,
    {
      hint: isToken
        ? "The token has ended or was revoked, and a token cannot be renewed by itself: get a new one, or use an application credential."
        : "Check user, password (or application credential), project and their domains: try `openstack token issue`.",
    },
  );
}

function refusedTwice(account: Account, what: string): ProviderError {
  return new ProviderError(
    "PROVIDER_AUTH",
    `OpenStack refused a token that Keystone had just given, to ${what}.`,
    {
      hint: `Check that the user of ${account.source} has a role in the project, and that the clocks of both sides agree.`,
    },
  );
}

function notOpenStack(authUrl: string): ProviderError {
  return new ProviderError("PROVIDER_NOT_FOUND", `What answers at ${authUrl} is no Keystone.`, {
    hint: "auth_url is Keystone's address, such as https://cloud.example:5000/v3.",
  });
}
