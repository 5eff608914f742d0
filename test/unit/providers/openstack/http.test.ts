import { readFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  HttpFailure,
  type HttpRequest,
  openHttp,
} from "../../../../src/providers/openstack/http.ts";

// A certificate of its own, for 127.0.0.1, until 2126; its key protects nothing.
const fixture = (name: string): string => join(import.meta.dirname, "fixtures", name);
const NO_FILES = { caFile: undefined, certFile: undefined, keyFile: undefined };

let server: Server & { closeAllConnections(): void };
const urlOf = (scheme: string): string =>
  `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const listen = async (one: typeof server): Promise<void> => {
  server = one;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
};
const request = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url,
  headers: {},
  timeoutMs: 2000,
  signal: new AbortController().signal,
  ...more,
});
const failureOf = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => "answered",
    (error: Error) => (error instanceof HttpFailure ? error.kind : error.name),
  );

afterEach(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

describe("a cloud with an authority of its own", () => {
  beforeEach(async () => {
    const options = {
      key: readFileSync(fixture("own-authority.key")),
      cert: readFileSync(fixture("own-authority.pem")),
    };
    await listen(createSecure(options, (_request, response) => response.end("{}")));
  });

  test("is trusted with its certificate, and refused without", async () => {
    const trusting = await openHttp({ ...NO_FILES, caFile: fixture("own-authority.pem") });
    expect(await trusting(request(urlOf("https")))).toMatchObject({ status: 200, text: "{}" });
    const other = await openHttp(NO_FILES);
    expect(await failureOf(other(request(urlOf("https"))))).toBe("untrusted");
  });

  test("a certificate that cannot be read is told before any call", async () => {
    await expect(openHttp({ ...NO_FILES, caFile: "/nowhere/ca.pem" })).rejects.toMatchObject({
      code: "CONFIG_UNREADABLE",
    });
  });
});

describe("what is known of a call that failed", () => {
  test("nobody listens: it was surely not sent", async () => {
    await listen(createPlain());
    const url = urlOf("http");
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const send = await openHttp(NO_FILES);
    expect(await failureOf(send(request(url)))).toBe("not-sent");
    await listen(createPlain());
  });

  test("the connection breaks, or no answer comes in time: it may have been carried out", async () => {
    await listen(
      createPlain((incoming) => {
        if (incoming.url === "/break") incoming.socket.destroy();
      }),
    );
    const send = await openHttp(NO_FILES);
    expect(await failureOf(send(request(`${urlOf("http")}break`, { method: "POST" })))).toBe(
      "lost",
    );
    expect(await failureOf(send(request(urlOf("http"), { timeoutMs: 50 })))).toBe("lost");
  });

  test("the signal ends it", async () => {
    await listen(createPlain());
    const send = await openHttp(NO_FILES);
    expect(await failureOf(send(request(urlOf("http"), { signal: AbortSignal.timeout(30) })))).toBe(
      "CancelledError",
    );
  });
});
