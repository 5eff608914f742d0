import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";

import { posixChecksum } from "../../../src/transport/checksum.ts";

test("the same as cksum on the host", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const { stdout } = spawnSync("cksum", { input: bytes, encoding: "utf8" });
      expect(`${posixChecksum(bytes)} ${bytes.length}\n`).toBe(stdout);
    }),
    { numRuns: 30 },
  );
});
