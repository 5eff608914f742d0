import { describe, expect, it } from "vitest";

import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import { refuseTooSmallSize } from "../../../../src/fleet/configurator/memory-needs.ts";
import type { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { SizeWish } from "../../../../src/providers/contract.ts";
import { local } from "../../../../src/providers/local/local.ts";

const signal = new AbortController().signal;

/** What it looks at: a master whose configurator needs a gigabyte. */
const runOf = (size: SizeWish): ServerRun =>
  ({
    server: { name: "master", size },
    context: {
      stack: {
        name: "shop",
        master: "master",
        provider: local(),
        firewall: [],
        servers: [],
        configurator: { name: "salt", minimumMemoryMb: { master: 1024, agent: 0 } },
      },
      shared: new SharedWork("/nowhere"),
      signal,
    },
  }) as unknown as ServerRun;

describe("a size that is too small for the configurator is refused before it costs anything", () => {
  it.each(["small", { cpus: 1, memoryGb: 0.5 }] as const)("%j", async (size) => {
    await expect(refuseTooSmallSize(runOf(size), signal)).rejects.toMatchObject({
      code: "MEMORY_TOO_SMALL",
      message: expect.stringContaining("The size small has 512 MB") as string,
    });
  });

  it.each(["medium", "unlimited", { cpus: 1, memoryGb: 1 }] as const)(
    "%j is not: it is large enough, or has no limit",
    async (size) => {
      await expect(refuseTooSmallSize(runOf(size), signal)).resolves.toBeUndefined();
    },
  );
});
