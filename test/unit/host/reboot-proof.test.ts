import { expect, test } from "vitest";

import { parseFacts } from "../../../src/host/parse-facts.ts";
import { proveReboot } from "../../../src/host/reboot-proof.ts";

const facts = (bootId: string, initStart: string) =>
  parseFacts(
    `bm-facts 1\nuname Linux web1 6.1 x86_64\nboot-id ${bootId}\ninit-start ${initStart}\nuptime 1 1\nmemory-kb 1\ncpus 1\nbm-facts-end\n`,
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
