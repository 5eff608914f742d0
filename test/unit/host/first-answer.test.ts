import { describe, expect, test } from "vitest";

import { RefusedError, TransportError } from "../../../src/errors/error.ts";
import { firstAnswer } from "../../../src/host/first-answer.ts";
import type { SshTarget } from "../../../src/transport/contract.ts";

const way = (port: number, user = "root"): SshTarget => ({
  server: "web1",
  address: "192.0.2.7",
  port,
  user,
});

/** A firewall that drops what comes: nothing until the question is given up. */
const silence = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () =>
      reject(new TransportError("CONNECTION_TIMEOUT", "silent")),
    );
  });

const never = new AbortController().signal;

describe("several ways asked at once", () => {
  test("the one that answers is not held up by a silent one, whose question is given up", async () => {
    const asked: SshTarget[] = [];
    let isGivenUp = false;
    const answer = await firstAnswer(
      [way(22), way(2849, "ada"), way(2849)],
      async (target, signal) => {
        asked.push(target);
        if (target.port !== 22) return target.port;
        signal.addEventListener("abort", () => (isGivenUp = true));
        return await silence(signal);
      },
      never,
    );
    expect(answer).toBe(2849);
    expect(isGivenUp).toBe(true);
    // Who would log in makes no difference.
    expect(asked.map(({ port }) => port)).toEqual([22, 2849]);
  });

  test("another key than the pinned one is told, though others stay silent", async () => {
    const mismatch = new TransportError("HOST_KEY_MISMATCH", "another key");
    const answer = firstAnswer(
      [way(22), way(2849)],
      async ({ port }, signal) => {
        if (port === 2849) throw mismatch;
        return await silence(signal);
      },
      never,
    );
    await expect(answer).rejects.toBe(mismatch);
  });

  test("a right key is taken, also after somebody else's was seen at another port", async () => {
    const answer = await firstAnswer(
      [way(22), way(2849)],
      async ({ port }) => {
        if (port === 22) throw new TransportError("HOST_KEY_MISMATCH", "another key");
        await new Promise((done) => setTimeout(done, 50));
        return port;
      },
      never,
    );
    expect(answer).toBe(2849);
  });

  test("of failures the one that got furthest is told; nobody to ask is one as well", async () => {
    const codes = { 22: "CONNECTION_TIMEOUT", 2849: "CONNECTION_REFUSED" } as const;
    const answer = firstAnswer(
      [way(22), way(2849)],
      async ({ port }) => {
        throw new TransportError(codes[port as 22 | 2849], "no");
      },
      never,
    );
    await expect(answer).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
    await expect(firstAnswer([], async () => 1, never)).rejects.toBeInstanceOf(RefusedError);
  });

  test("Ctrl-C ends all questions", async () => {
    const stop = new AbortController();
    const answer = firstAnswer(
      [way(22), way(2849)],
      async (_, signal) => await silence(signal),
      stop.signal,
    );
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
