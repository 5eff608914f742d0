import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";

const REDIRECTS = 5;
const UPSTREAM_TIMEOUT_MS = 30_000;

/** Asks an archive, directly or by the proxy, and follows redirections. */
export async function fetchUpstream(
  url: URL,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  proxy: string | undefined,
  method = "GET",
): Promise<IncomingMessage> {
  let target = url;
  for (let redirects = 0; redirects <= REDIRECTS; redirects += 1) {
    const response = await ask(target, headers, proxy, method);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return response;
    response.resume();
    target = new URL(location, target);
  }
  throw new Error("too many redirects");
}

async function ask(
  url: URL,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  proxy: string | undefined,
  method: string,
): Promise<IncomingMessage> {
  const own = { ...headers, host: url.host };
  const sent = { method, headers: own, timeout: UPSTREAM_TIMEOUT_MS };
  const via = proxy === undefined || url.protocol === "https:" ? undefined : new URL(proxy);
  const request =
    via === undefined
      ? (url.protocol === "https:" ? requestHttps : requestHttp)(url, sent)
      : requestHttp({
          ...sent,
          host: via.hostname,
          port: via.port === "" ? 80 : via.port,
          path: url.href,
        });
  return await new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.end();
  });
}
