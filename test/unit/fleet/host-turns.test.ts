import { expect, test } from "vitest";

import { HostTurns } from "../../../src/fleet/host-turns.ts";

test("one at a time on a host, in the order of asking; hosts do not wait for each other", async () => {
  const turns = new HostTurns();
  const gate = Promise.withResolvers<void>();
  const story: string[] = [];
  const slow = turns.take("db", async () => {
    story.push("db 1 begins");
    await gate.promise;
    story.push("db 1 ends");
  });
  const next = turns.take("db", () => Promise.resolve(story.push("db 2")));
  await turns.take("web", () => Promise.resolve(story.push("web")));
  expect(story).toEqual(["db 1 begins", "web"]);
  gate.resolve();
  await Promise.all([slow, next]);
  expect(story).toEqual(["db 1 begins", "web", "db 1 ends", "db 2"]);
});

test("a failure is its own asker's, and the next one works", async () => {
  const turns = new HostTurns();
  const failing = turns.take("db", () => Promise.reject(new Error("no")));
  const next = turns.take("db", () => Promise.resolve("yes"));
  await expect(failing).rejects.toThrow("no");
  await expect(next).resolves.toBe("yes");
});
