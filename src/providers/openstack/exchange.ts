import { budgetOf, type CallBudget } from "../../cloud/call-budget.ts";
import type { CallKind } from "../../cloud/call-limit.ts";
import type { CallSettings } from "../../cloud/call-settings.ts";
import type { Caller } from "../../cloud/caller.ts";
import { type Attempt, repeatCall } from "../../cloud/repeat-call.ts";
import { type Account, accountKey } from "./account.ts";
import { judge, judgeFailure } from "./failures.ts";
import {
  HttpFailure,
  type HttpRequest,
  type HttpResponse,
  openHttp,
  type SendHttp,
} from "./http.ts";

export interface ClientSettings extends CallSettings {
  readonly account: Account;
}

/** What is known of a request beside its text. */
export interface RequestFacts {
  /** What is done, for people, after "to". */
  readonly what: string;
  readonly kind: CallKind;
  /** Doing it twice does no harm. */
  readonly isRepeatable: boolean;
  /** Once it is sent, its answer is waited for, also when the run is cancelled. */
  readonly mustFinish?: boolean;
  /** It asks which versions there are. Default false. */
  readonly isAboutVersions?: boolean;
}

/**
 * Requests of one account, each within the account's budget, traced, and repeated where that is harmless.
 *
 * - 429 is waited for, by all calls of this account.
 * - 5xx and broken connections: repeated with growing pauses where a repetition does no harm; else AnswerLostError.
 */
export class Exchange {
  readonly #settings: ClientSettings;
  readonly #budget: CallBudget;
  readonly #send: SendHttp;
  readonly #never = new AbortController().signal;

  private constructor(settings: ClientSettings, send: SendHttp) {
    this.#settings = settings;
    this.#send = send;
    this.#budget = budgetOf(accountKey(settings.account), settings.limits);
  }

  static async open(settings: ClientSettings): Promise<Exchange> {
    return new Exchange(settings, await openHttp(settings.account.tls));
  }

  /** @returns the answer; "refused" where the token is not taken. @throws ProviderError, AnswerLostError, CancelledError */
  async send(
    request: Omit<HttpRequest, "timeoutMs" | "signal">,
    facts: RequestFacts,
    caller: Caller,
  ): Promise<HttpResponse | "refused"> {
    const { what, isRepeatable, mustFinish = false } = facts;
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
      async () =>
        await this.#budget.spend(
          caller,
          facts.kind,
          async () => await this.#once({ ...request, signal }, facts, caller),
        ),
    );
  }

  async #once(
    request: Omit<HttpRequest, "timeoutMs">,
    { what, isAboutVersions = false }: RequestFacts,
    caller: Caller,
  ): Promise<Attempt<HttpResponse>> {
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
      return judge({ what, url: request.url, isAboutVersions }, response);
    } catch (thrown) {
      if (!(thrown instanceof HttpFailure)) throw thrown;
      tell(undefined);
      return judgeFailure(what, request.url, thrown);
    }
  }
}
