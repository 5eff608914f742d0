import { describe, expect, it } from "vitest";

import { SharedWork } from "../../../../src/fleet/configurator/shared-work.ts";
import {
  refuseTooLittleMemory,
  refuseTooSmallSize,
} from "../../../../src/fleet/configurator/memory-needs.ts";
import type { ServerRun } from "../../../../src/fleet/server-run.ts";
import type { SizeWish } from "../../../../src/providers/contract.ts";
import { local } from "../../../../src/providers/local/local.ts";

const signal = new AbortController().signal;

/** What it looks at: a master whose configurator needs a gigabyte. */
const runOf = (size: SizeWish | undefined, masterMb = 1024, memoryMb = 0): ServerRun =>
  ({
    server: { name: "master", ...(size === undefined ? {} : { size }) },
    connectedHost: () => ({ facts: { memoryMb } }),
    context: {
      stack: {
        name: "shop",
        master: "master",
        provider: local(),
        firewall: [],
        servers: [],
        configurator: { name: "salt", minimumMemoryMb: { master: masterMb, agent: 0 } },
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

  it("the provider's default is judged where the config names none", async () => {
    await expect(refuseTooSmallSize(runOf(undefined, 1152), signal)).rejects.toMatchObject({
      code: "MEMORY_TOO_SMALL",
      kind: "refused",
      message:
        "The default size medium has 1024 MB of memory, and salt needs 1152 MB on the master.",
    });
    await expect(refuseTooSmallSize(runOf(undefined, 1024), signal)).resolves.toBeUndefined();
  });
});

describe("a host that has too little is refused before anything is installed", () => {
  it.each([
    [1023, "refused"],
    [1024, undefined],
    // It does not say.
    [0, undefined],
  ])("%i MB", (memoryMb, kind) => {
    const found = (): unknown => {
      try {
        refuseTooLittleMemory(runOf("medium", 1024, memoryMb));
        return undefined;
      } catch (error) {
        return (error as { kind: string }).kind;
      }
    };
    expect(found()).toBe(kind);
  });
});
