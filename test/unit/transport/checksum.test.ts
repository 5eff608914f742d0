import { spawnSync } from "node:child_process";
import { assert, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";

import { posixChecksum } from "../../../src/transport/checksum.ts";

test("the same as cksum on the host", () => {
  assert(
    property(uint8Array({ maxLength: 2000 }), (bytes) => {
      const { stdout } = spawnSync("cksum", { input: bytes, encoding: "utf8" });
      expect(`${posixChecksum(bytes)} ${bytes.length}\n`).toBe(stdout);
    }),
    { numRuns: 30 },
  );
});
