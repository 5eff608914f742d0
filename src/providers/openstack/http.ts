import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

import { CancelledError, UserError } from "../../errors/error.ts";
import type { Account } from "./account.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the first byte sent to the last one received, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export type SendHttp = (request: HttpRequest) => Promise<HttpResponse>;

/** No whole answer came. */
export class HttpFailure extends Error {
  /**
   * - `not-sent`: there was no connection; surely nothing was carried out.
   * - `lost`: it was sent, and may have been carried out.
   * - `untrusted`: the other side's certificate is not trusted; nothing was sent.
   */
  readonly kind: "not-sent" | "lost" | "untrusted";

  constructor(kind: HttpFailure["kind"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "HttpFailure";
    this.kind = kind;
  }
}

/** Larger than any list of a thousand servers; a wrong address may serve anything. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * The one place that opens connections to OpenStack.
 *
 * `node:https` and not `fetch`: a cloud's own authority and a client certificate can be given to `fetch` only by a
 * package (undici), or for the whole process. Connections are kept open between calls and hold up no exit.
 *
 * @throws UserError CONFIG_UNREADABLE for a certificate that cannot be read. The sender throws HttpFailure and CancelledError.
 */
export async function openHttp(tls: Account["tls"]): Promise<SendHttp> {
  const [ca, cert, key] = await Promise.all(
    [tls.caFile, tls.certFile, tls.keyFile].map(async (path) => await readPem(path)),
  );
  const settings = { keepAlive: true, maxSockets: 16 };
  const plain = new HttpAgent(settings);
  const secure = new HttpsAgent({
    ...settings,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return async (request) => await send(request, plain, secure);
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    throw new UserError("CONFIG_UNREADABLE", `The certificate ${path} cannot be read.`, {
      cause: thrown,
    });
  }
}

async function send(
  { method, url, headers, body, timeoutMs, signal }: HttpRequest,
  plain: HttpAgent,
  secure: HttpsAgent,
): Promise<HttpResponse> {
  if (signal.aborted) throw new CancelledError();
  const isSecure = url.startsWith("https:");
  return await new Promise((resolve, reject) => {
    let isConnected = false;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      request.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new CancelledError());
    const options = { method, headers: { ...headers, ...lengthOf(body) } };
    const request = isSecure
      ? requestHttps(url, { ...options, agent: secure })
      : requestHttp(url, { ...options, agent: plain });
    const timer = setTimeout(
      () =>
        fail(
          new HttpFailure(isConnected ? "lost" : "not-sent", `no answer within ${timeoutMs} ms`),
        ),
      timeoutMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    request.on("socket", (socket) => {
      // A kept connection is there already; a new one is, once it has been made (and its certificate checked).
      if (!socket.connecting) isConnected = true;
      else socket.once(isSecure ? "secureConnect" : "connect", () => (isConnected = true));
    });
    request.on("error", (error: NodeJS.ErrnoException) => fail(toFailure(error, isConnected)));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) fail(new HttpFailure("lost", "the answer is too large"));
        else chunks.push(chunk);
      });
      response.on("error", (error) => fail(new HttpFailure("lost", error.message, error)));
      response.on("end", () => {
        if (!response.complete) return fail(new HttpFailure("lost", "the answer broke off"));
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    request.end(body);
  });
}

function lengthOf(body: string | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

/** Node's codes for a certificate that it does not trust; `src/crypto/crypto_common.cc` and `lib/tls.js`. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECODE)|ALTNAME|HOSTNAME_MISMATCH/;

function toFailure(error: NodeJS.ErrnoException, isConnected: boolean): HttpFailure {
  const code = error.code ?? "";
  if (UNTRUSTED.test(code)) return new HttpFailure("untrusted", error.message, error);
  return new HttpFailure(isConnected ? "lost" : "not-sent", error.message || code, error);
}
