import { type Caller, unlessAborted } from "../../cloud/caller.ts";
import { ProviderError } from "../../errors/error.ts";
import type { Account } from "./account.ts";
import type { ClientSettings, Exchange } from "./exchange.ts";
import { parseAnswer } from "./parse-answer.ts";
import { isV2, tokenRequestV2, tokenSchemaV2, toSessionV2 } from "./session-v2.ts";
import { type Session, tokenRequest, tokenSchema, toSession } from "./session.ts";

/** A token that ends within this time is renewed before a call, ms. */
const TOKEN_MARGIN_MS = 30_000;

/** The session of one account: renewed before it ends, and where its token is refused. One login at a time. */
export class SessionKeeper {
  readonly #settings: Pick<ClientSettings, "account" | "callTimeoutMs">;
  readonly #exchange: Exchange;
  #session: Session | undefined;
  #login: Promise<Session> | undefined;

  constructor(settings: Pick<ClientSettings, "account" | "callTimeoutMs">, exchange: Exchange) {
    this.#settings = settings;
    this.#exchange = exchange;
  }

  /** @param refusedToken one that will not do. @throws ProviderError PROVIDER_AUTH, PROVIDER_NOT_FOUND */
  async get(caller: Caller, refusedToken?: string): Promise<Session> {
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
    const outcome = await this.#exchange.send(
      {
        method: "POST",
        url: `${account.authUrl}${isV2(auth) ? "/tokens" : "/auth/tokens"}`,
        headers: { accept: "application/json", "content-type": "application/json" },
        body: JSON.stringify(isV2(auth) ? tokenRequestV2(auth) : tokenRequest(account)),
      },
      // It changes nothing that a cloud counts as written.
      { what, kind: "read", isRepeatable: true },
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

function notOpenStack(authUrl: string): ProviderError {
  return new ProviderError("PROVIDER_NOT_FOUND", `What answers at ${authUrl} is no Keystone.`, {
    hint: "auth_url is Keystone's address, such as https://cloud.example:5000/v3.",
  });
}
