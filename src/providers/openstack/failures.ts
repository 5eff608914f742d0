import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Attempt } from "../../cloud/repeat-call.ts";
import { ProviderError } from "../../errors/error.ts";
import type { HttpFailure, HttpResponse } from "./http.ts";

/** What an answer is an answer to. */
interface JudgedCall {
  /** What is done, for people, after "to". */
  readonly what: string;
  readonly url: string;
  /** It asks which versions there are: services answer that with 300 as well, and with a way to the document. Default false. */
  readonly isAboutVersions?: boolean;
}

/**
 * Judges an answer. A redirection is none: a call whose answer nobody reads would be taken for done.
 *
 * Nova answers 413 for its own old rate limit, 403 for a quota, and 400 where a flavor, image, network, key or group
 * is not there; Neutron answers 409 for a quota. Only the message tells them apart.
 */
export function judge(call: JudgedCall, response: HttpResponse): Attempt<HttpResponse> {
  const { what, isAboutVersions = false } = call;
  const { status } = response;
  if (status < 300 || (status < 400 && isAboutVersions)) return { kind: "answer", value: response };
  if (status < 400) return { kind: "fail", error: sentElsewhere(call, response) };
  const message = messageOf(response);
  const fail = (code: ProviderError["code"], hint?: string): Attempt<never> => ({
    kind: "fail",
    error: new ProviderError(
      code as ConstructorParameters<typeof ProviderError>[0],
      `OpenStack refused to ${what}: ${message}`,
      hint === undefined ? {} : { hint },
    ),
  });
  if (status === 401) return { kind: "refused" };
  if (status === 429 || (status === 413 && response.headers["retry-after"] !== undefined))
    return { kind: "rate-limit", retryAfterMs: retryAfterMs(response) };
  if (status >= 500) return { kind: "broken", isSent: true, why: `status ${status}, ${message}` };
  if (/quota|exceeded.*limit|OverQuota/i.test(message) && [400, 403, 409, 413].includes(status)) {
    return fail(
      "PROVIDER_QUOTA",
      "Ask the cloud for a larger quota, or destroy what is not needed; what was made so far is found again by the next run.",
    );
  }
  if (status === 403) {
    return fail(
      "PROVIDER_AUTH",
      "The credentials are valid and lack the right. Ask for the role `member` in the project.",
    );
  }
  if (status === 404) return fail("PROVIDER_NOT_FOUND");
  if (status === 400 && /could not be found|not found|Invalid key_name|Can not find/i.test(message))
    return fail("PROVIDER_NOT_FOUND");
  // Callers take a conflict for "it is there", "it is in use" or "not yet": nothing else may look like one.
  return fail(
    status === 409 ? "PROVIDER_CONFLICT" : "PROVIDER_REFUSED",
    "OpenStack's own words say why; what was made so far is found again by the next run.",
  );
}

/** 300 to 399. None is followed: the token, or at Keystone the password, would go along to whatever stands there. */
function sentElsewhere(
  { what, url }: JudgedCall,
  { status, headers }: HttpResponse,
): ProviderError {
  const target = originOf(headers.location, url);
  return new ProviderError(
    "PROVIDER_REFUSED",
    `${new URL(url).host} did not ${what}: it answered with status ${status}${target === undefined ? "" : `, which sends to ${target}`}.`,
    {
      hint: "No redirection is followed, since credentials would go along. Check auth_url and the endpoint of the service, in the catalogue (`openstack catalog list`) or as clouds.yaml overrides it: often it says http where the cloud wants https, or another path.",
    },
  );
}

/** Scheme, host and port of an address that may be relative; what stands behind may be secret. */
function originOf(location: string | undefined, url: string): string | undefined {
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const { protocol, host } = new URL(location, url);
  return `${protocol}//${host}`;
}

/** What a failed connection means for the call. */
export function judgeFailure(what: string, url: string, failure: HttpFailure): Attempt<never> {
  const host = new URL(url).host;
  const why = failure.message;
  switch (failure.kind) {
    case "untrusted":
      return {
        kind: "fail",
        error: new ProviderError(
          "PROVIDER_UNAVAILABLE",
          `The certificate of ${host} is not trusted: ${why}.`,
          {
            cause: failure,
            hint: "Where the cloud has an authority of its own, give its certificate: cacert in clouds.yaml, or OS_CACERT.",
          },
        ),
      };
    case "lost":
      return { kind: "broken", isSent: true, why, error: new AnswerLostError(what, why, failure) };
    case "not-sent":
      return {
        kind: "broken",
        isSent: false,
        why,
        error: new ProviderError(
          "PROVIDER_UNAVAILABLE",
          `${host} cannot be reached to ${what}: ${why}.`,
          {
            cause: failure,
            hint: "Check the address, your network and VPN. Nothing was sent.",
          },
        ),
      };
  }
}

export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof ProviderError && thrown.code === "PROVIDER_NOT_FOUND";
}

/** Seconds, or a date; RFC 9110, 10.2.3. */
function retryAfterMs({ headers, text }: HttpResponse): number | undefined {
  const given = headers["retry-after"] ?? /"retryAfter":\s*"?(\d+)/.exec(text)?.[1];
  if (given === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Math.ceil(Number(given) * 1000);
  const at = Date.parse(given);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/**
 * The sentence in an answer: every service wraps it in another object (`badRequest`, `NeutronError`, `error`), and
 * Glance may send a small web page.
 */
export function messageOf({ text, status }: HttpResponse): string {
  const found = findMessage(text);
  const line = (found ?? text.replaceAll(/<(title|h1)[^>]*>.*?<\/\1>|<[^>]+>/gs, " "))
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 300);
  return line === "" ? `status ${status}` : line;
}

function findMessage(text: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const pending: unknown[] = [body];
  for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
    if (typeof node === "string") continue;
    if (typeof node !== "object" || node === null) continue;
    const message = (node as { readonly message?: unknown }).message;
    if (typeof message === "string") {
      const type = (node as { readonly type?: unknown }).type;
      return type === "OverQuota" ? `OverQuota: ${message}` : message;
    }
    pending.push(...(Object.values(node) as unknown[]));
  }
  return undefined;
}
