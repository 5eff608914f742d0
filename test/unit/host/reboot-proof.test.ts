import { expect, test } from "vitest";

import { parseFacts } from "../../../src/host/parse-facts.ts";
import { proveReboot, startedWithin } from "../../../src/host/reboot-proof.ts";

const facts = (bootId: string, initStart: string, uptime = "1") =>
  parseFacts(
    `bm-facts 1\nuname Linux web1 6.1 x86_64\nboot-id ${bootId}\ninit-start ${initStart}\nuptime ${uptime} 1\nmemory-kb 1\ncpus 1\nbm-facts-end\n`,
    { server: "web1", loginUser: "root" },
  );

test.each([
  ["the same boot", facts("a", "10"), facts("a", "10"), false],
  ["another boot", facts("a", "10"), facts("b", "10"), true],
  ["a container's reboot", facts("a", "10"), facts("a", "99"), true],
  ["nothing known", facts("", ""), facts("", ""), false],
  ["nothing known before", facts("", ""), facts("b", "99"), false],
])("%s", (_, before, after, isProven) => {
  expect(proveReboot(before, after)).toBe(isProven);
});

test.each([
  ["a machine that was reset", facts("a", "3", "8.21"), true],
  ["one that runs since long", facts("a", "3", "86400.00"), false],
  [
    "a container that was reset, on a computer that runs since long",
    facts("a", "8639500", "86400.00"),
    true,
  ],
  ["a container that runs since long", facts("a", "100000", "86400.00"), false],
  ["a container that shows its own uptime", facts("a", "8639500", "6.00"), true],
  [
    "a container that shows its own uptime, and runs since long",
    facts("a", "8639500", "3600.00"),
    false,
  ],
  ["no clock ticks", facts("a", "Mon Jan  1 00:00:00 2026", "86400"), false],
  ["nothing known", facts("", "", "0"), false],
])("within 30 s of its reset: %s", (_, after, isProven) => {
  expect(startedWithin(after, 30)).toBe(isProven);
});
