import { describe, expect, it } from "vitest";

import { ansible } from "../../../../src/configurators/ansible/ansible.ts";
import type { Configurator } from "../../../../src/configurators/contract.ts";
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

/** The same for a stack with so many servers, each of the provider's smallest size. */
const runAmong = (configurator: Configurator, members: number, name = "master"): ServerRun => {
  const run = runOf("small", 0, 512);
  const names = ["master", ...Array.from({ length: members - 1 }, (_, index) => `web${index}`)];
  const servers = names.map((each) => ({ name: each }));
  return Object.assign(run, {
    server: { name, size: "small" },
    context: { ...run.context, stack: { ...run.context.stack, configurator, servers } },
  });
};

describe("what the master needs may follow from how many servers the stack has", () => {
  const wide = ansible({ forks: 200 });

  it("a size that was enough for few is refused for many, on the master alone", async () => {
    await expect(refuseTooSmallSize(runAmong(wide, 12), signal)).resolves.toBeUndefined();
    await expect(refuseTooSmallSize(runAmong(wide, 13), signal)).rejects.toMatchObject({
      code: "MEMORY_TOO_SMALL",
      message: "The size small has 512 MB of memory, and ansible needs 550 MB on the master.",
    });
    await expect(refuseTooSmallSize(runAmong(wide, 13, "web1"), signal)).resolves.toBeUndefined();
  });

  it("and so is a host", () => {
    expect(() => refuseTooLittleMemory(runAmong(wide, 12))).not.toThrow();
    expect(() => refuseTooLittleMemory(runAmong(wide, 13))).toThrow(/needs 550 MB on the master/);
  });

  it("with the forks that are the default it does not", async () => {
    await expect(refuseTooSmallSize(runAmong(ansible(), 500), signal)).resolves.toBeUndefined();
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
