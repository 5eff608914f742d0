import type { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import { ProviderError } from "../../errors/error.ts";
import type { Account, ServiceName } from "./account.ts";
import { type ClientSettings, Exchange } from "./exchange.ts";
import { isNotFound } from "./failures.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { NovaVersion } from "./nova-version.ts";
import { parseAnswer } from "./parse-answer.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { endpointOf } from "./session.ts";
import { serviceRoot } from "./versions.ts";

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

/** Calls to the services of one project, with its session; a token that is refused in the middle is renewed once. */
export class OpenStackClient {
  readonly #account: Account;
  readonly #exchange: Exchange;
  readonly #session: SessionKeeper;
  readonly #novaVersion: NovaVersion;

  private constructor(settings: ClientSettings, exchange: Exchange) {
    this.#account = settings.account;
    this.#exchange = exchange;
    this.#session = new SessionKeeper(settings, exchange);
    this.#novaVersion = new NovaVersion(settings, exchange);
  }

  static async open(settings: ClientSettings): Promise<OpenStackClient> {
    return new OpenStackClient(settings, await Exchange.open(settings));
  }

  /** The project of the credentials. */
  async projectId(caller: Caller): Promise<string> {
    return (await this.#session.get(caller)).projectId;
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
      const session = await this.#session.get(caller, refused);
      const root = serviceRoot(call.service, endpointOf(this.#account, session, call.service));
      const version =
        call.service === "compute"
          ? await this.#novaVersion.get(root, session.token, caller)
          : undefined;
      const outcome = await this.#exchange.send(
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
          kind: call.method === "GET" ? "read" : "write",
          isRepeatable: call.isRepeatable ?? call.method !== "POST",
          mustFinish: call.mustFinish ?? false,
        },
        caller,
      );
      if (outcome !== "refused") return outcome;
      if (refused !== undefined) throw refusedTwice(this.#account, call.what);
      refused = session.token;
    }
  }
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  return await answer.catch((thrown: unknown) => {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  });
}

function queryText(query: Call["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString()}`;
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
