import assert from "node:assert/strict";

import { Bench, codeOf, rejectsWith, TEST_KEY } from "./provider-bench.ts";
import { type TestFault, testFaults } from "./provider-fault-suite.ts";
import type { Inlet, MachineRequest, SharedReport, SharedWish } from "../providers/contract.ts";
import type { ProviderFaults, ProviderWorld, TestRunner } from "./provider-world.ts";

export interface ProviderSuiteOptions {
  /** Stands before every test's name. */
  readonly name: string;
  readonly runner: TestRunner;
  /**
   * What cannot be tested at this provider, and why. It stands in the result under its name, not in silence, and has to be
   * so: a provider that has what is called not applicable fails.
   */
  readonly notApplicable?: Partial<Record<keyof ProviderFaults | ProviderNeed, string>>;
  /** Called for each test. */
  create(): Promise<ProviderWorld>;
  /** Limit of one wait in the suite, ms. Default one minute. */
  readonly timeoutMs?: number;
}

/**
 * What some providers do not have, and some tests need: machines that are created, a list of images, a neutral wish that the
 * world's own request comes to, and the methods of these names (`ensureShared` with a firewall of the provider's own).
 */
export type ProviderNeed =
  | "creating"
  | "images"
  | "wishes"
  | "keepIdentity"
  | "ensureShared"
  | "leftovers";

/** Whether a provider has what a test needs. */
const HAS: Readonly<Record<ProviderNeed, (bench: Bench) => boolean | Promise<boolean>>> = {
  creating: ({ provider }) => provider.capabilities.creates,
  images: ({ provider }) => provider.capabilities.images,
  wishes: ({ provider: { capabilities } }) =>
    capabilities.creates && capabilities.images && capabilities.sizes,
  keepIdentity: ({ provider }) => provider.keepIdentity !== undefined,
  ensureShared: async (bench) =>
    ((await askShared(bench, "plan", [2849, 22]))?.opened ?? []).length > 0,
  leftovers: ({ provider }) => provider.leftovers !== undefined,
};

/**
 * The contract suite of providers: whoever passes it is supported.
 *
 * Registers one group of tests at the runner. Every test makes a world of its own and takes down what it made.
 */
export function testProvider(options: ProviderSuiteOptions): void {
  const { runner, timeoutMs = 60_000 } = options;

  const test = (name: string, body: (bench: Bench) => Promise<void>): void => {
    runner.it(name, async () => {
      const world = await options.create();
      const bench = new Bench(world, timeoutMs);
      try {
        await body(bench);
      } finally {
        await bench.cleanUp();
        await world.close?.();
      }
    });
  };

  /** A test that some providers cannot have: then its name and the reason stand in the result. */
  const testWhere = (
    need: keyof ProviderFaults | ProviderNeed,
    name: string,
    body: (bench: Bench) => Promise<void>,
  ): void => {
    const reason = options.notApplicable?.[need];
    const isThere = async (bench: Bench): Promise<boolean> =>
      isNeed(need) ? await HAS[need](bench) : bench.world.faults[need] !== undefined;
    if (reason === undefined) {
      return test(name, async (bench) => {
        assert.ok(await isThere(bench), `it has ${need}, or its notApplicable says why not`);
        await body(bench);
      });
    }
    return test(`${name} (not applicable: ${reason})`, async (bench) => {
      assert.equal(await isThere(bench), false, `it has ${need}`);
    });
  };

  const testFault: TestFault = (fault, name, body) =>
    testWhere(fault, `fault: ${name}`, async (bench) => {
      const inject = bench.world.faults[fault];
      assert.ok(inject !== undefined);
      await body(bench, inject);
    });

  runner.describe(`provider ${options.name}`, () => {
    test("says what it is and what it can do", async ({ provider }) => {
      assert.equal(provider.kind, "provider");
      assert.equal(provider.apiVersion, 1);
      assert.match(provider.name, /^[a-z][a-z0-9-]*$/);
      assert.ok(provider.capabilities.identity.length > 0);
    });

    test("lists images and sizes, and tells wrong ones without touching anything", async (bench) => {
      const { provider, first } = bench;
      const context = bench.context();
      const images = await provider.images(context);
      const sizes = await provider.sizes(context);
      assert.equal(images.length > 0, provider.capabilities.images);
      assert.equal(sizes.length > 0, provider.capabilities.sizes);
      assert.ok(sizes.filter(({ isDefault }) => isDefault).length <= 1, "one size is the default");
      assert.deepEqual(provider.check({ server: first, roles: [] }), []);
      for (const { name } of images) {
        assert.deepEqual(provider.check({ server: first, roles: [], image: name }), []);
      }
      for (const { name } of sizes) {
        assert.deepEqual(provider.check({ server: first, roles: [], size: name }), []);
      }
      const aboutOf = (wish: Partial<Pick<MachineRequest, "image" | "size">>): readonly string[] =>
        provider.check({ server: first, roles: [], ...wish }).map(({ about }) => about);
      assert.ok(aboutOf({ image: "no such image" }).includes("image"), "says that it is the image");
      assert.ok(aboutOf({ size: "no such size" }).includes("size"), "says that it is the size");
    });

    test("a neutral wish is answered like the name that it means, and one that nothing fits is told", async (bench) => {
      const { provider, first } = bench;
      const check = (wish: Partial<Pick<MachineRequest, "image" | "size">>): readonly unknown[] =>
        provider.check({ server: first, roles: [], ...wish });
      const context = bench.context();
      const [images, sizes] = [await provider.images(context), await provider.sizes(context)];
      for (const { distro } of images)
        if (distro !== undefined) assert.deepEqual(check({ image: { distro } }), []);
      for (const { cpus, memoryMb, diskGb } of sizes) {
        const disk = diskGb === undefined || diskGb < 1 ? {} : { diskGb: Math.floor(diskGb) };
        // A size without figures ("all that there is") answers no wish of its own.
        if (cpus > 0 && memoryMb > 0)
          assert.deepEqual(check({ size: { cpus, memoryGb: memoryMb / 1024, ...disk } }), []);
      }
      assert.notDeepEqual(check({ image: { distro: "nosuchdistro-1" } }), []);
      // There are clouds where even this can be had.
      const most = { cpus: 512, memoryGb: 16_384 };
      const isThere = sizes.some(
        ({ cpus, memoryMb }) => cpus >= most.cpus && memoryMb >= most.memoryGb * 1024,
      );
      assert.equal(check({ size: most }).length > 0, !isThere);
    });

    testWhere(
      "images",
      "a name that is nearly right is answered with the right one",
      async (bench) => {
        const { provider, first } = bench;
        const [image] = await provider.images(bench.context());
        assert.ok(image !== undefined, "there is an image");
        const nearly = `${image.name}x`;
        const [problem] = provider.check({ server: first, roles: [], image: nearly });
        const message = problem?.message ?? "";
        assert.ok(message.includes(nearly), message);
        assert.ok(message.includes(image.name), message);
      },
    );

    testWhere(
      "wishes",
      "a machine of a neutral wish is of that distro, and of the smallest size that fits",
      async (bench) => {
        const { provider, first, second } = bench;
        const context = bench.context();
        const [images, sizes] = [await provider.images(context), await provider.sizes(context)];
        // What the world's own request gets goes together: the image fits into the size.
        const named = await bench.ensure(second);
        const distro = images.find(({ name }) => name === named.image)?.distro;
        const size = sizes.find(({ name }) => name === named.size);
        assert.ok(distro !== undefined, "the image of the world's own request says its distro");
        assert.ok(
          size !== undefined && size.cpus > 0,
          "the size of the world's own request has figures",
        );
        const { cpus, memoryMb } = size;
        const wish = { image: { distro }, size: { cpus, memoryGb: memoryMb / 1024 } };
        const made = await bench.within(
          provider.ensure({ ...bench.request(first, "token"), ...wish }, context),
          "ensure of a neutral wish",
        );
        assert.equal(images.find(({ name }) => name === made.image)?.distro, distro);
        const got = sizes.find(({ name }) => name === made.size);
        assert.equal(got?.memoryMb, memoryMb);
        assert.ok(got.cpus >= cpus);
      },
    );

    test("ensure gives a machine with an address; observe and list show it", async (bench) => {
      const { provider, first } = bench;
      if (provider.capabilities.creates) assert.deepEqual(await bench.observed(), []);
      const machine = await bench.ensure(first);
      assert.equal(machine.stack, bench.world.stack);
      assert.equal(machine.server, first);
      assert.notEqual(machine.id, "");
      const sizes = await provider.sizes(bench.context());
      const fallback = sizes.find(({ isDefault }) => isDefault);
      if (fallback !== undefined && bench.request(first, "token").size === undefined)
        assert.equal(machine.size, fallback.name, "the size that is marked as the default");
      assert.ok(machine.publicAddresses.length > 0, "has an address");
      assert.ok(machine.login.port > 0 && machine.login.user !== "");
      if (machine.createdAt !== undefined) assert.ok(!Number.isNaN(Date.parse(machine.createdAt)));
      const observed = (await bench.observed()).find((entry) => entry.server === first);
      assert.equal(observed?.id, machine.id);
      assert.deepEqual(observed?.publicAddresses, machine.publicAddresses);
      const listed = await provider.list(bench.context());
      assert.ok(
        listed.some((entry) => entry.stack === bench.world.stack && entry.id === machine.id),
      );
    });

    test("ensure again is the same machine, also with another token and at the same time", async (bench) => {
      const machine = await bench.ensure(bench.first, "token-1");
      const again = await Promise.all([
        bench.ensure(bench.first, "token-1"),
        bench.ensure(bench.first, "token-2"),
        bench.ensure(bench.first, "token-1"),
      ]);
      for (const other of again) assert.equal(other.id, machine.id);
      assert.equal(
        (await bench.observed()).filter((entry) => entry.server === bench.first).length,
        1,
      );
    });

    test("several at once of a server that is not there yet make one machine", async (bench) => {
      const machines = await Promise.all(
        ["a", "a", "a"].map(async (token) => await bench.ensure(bench.first, token)),
      );
      assert.equal(new Set(machines.map((machine) => machine.id)).size, 1);
      assert.equal(
        (await bench.observed()).filter((entry) => entry.server === bench.first).length,
        1,
      );
    });

    test("two servers of a stack have their own ids and addresses", async (bench) => {
      const [one, two] = await Promise.all([bench.ensure(bench.first), bench.ensure(bench.second)]);
      assert.notEqual(one.id, two.id);
      assert.notDeepEqual([one.publicAddresses, one.login], [two.publicAddresses, two.login]);
    });

    test("identity is of a declared kind, and stays", async (bench) => {
      const { provider } = bench;
      const machine = await bench.ensure(bench.first);
      const identity = await provider.identity(machine, bench.context());
      assert.ok(provider.capabilities.identity.includes(identity.proof));
      assert.equal(identity.keys.length === 0, identity.proof === "first-use");
      for (const key of identity.keys) assert.match(key, /^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$/);
      assert.deepEqual(await provider.identity(machine, bench.context()), identity);
    });

    testWhere(
      "keepIdentity",
      "an identity that is kept is what is answered from then on",
      async (bench) => {
        const { provider } = bench;
        assert.ok(provider.keepIdentity !== undefined);
        const machine = await bench.ensure(bench.first);
        const { keys } = await provider.identity(machine, bench.context());
        const both = [...keys, TEST_KEY.split(" ").slice(0, 2).join(" ")];
        for (const kept of [
          { proof: "injected", keys: both },
          { proof: "published", keys: both.slice(-1) },
        ] as const) {
          await provider.keepIdentity(machine, kept, bench.context());
          assert.deepEqual(await provider.identity(machine, bench.context()), kept);
          await bench.observed();
          assert.deepEqual(await provider.identity(machine, bench.context()), kept);
        }
      },
    );

    testWhere(
      "ensureShared",
      "what comes in to all machines is opened without closing anything, closed only when that is asked for, and planned without a change",
      async (bench) => {
        const ask = async (
          mode: SharedWish["mode"],
          ports: readonly number[],
        ): Promise<SharedReport | undefined> => await askShared(bench, mode, ports);
        const isThere = async (ports: readonly number[]): Promise<boolean> => {
          const report = await ask("plan", ports);
          return report === undefined || (report.made.length === 0 && report.opened.length === 0);
        };
        assert.equal(await isThere([2849, 22]), false, "a plan opens nothing");
        assert.deepEqual((await ask("open", [2849, 22]))?.closed, []);
        assert.equal(await isThere([2849, 22]), true);
        assert.deepEqual((await ask("open", [2222]))?.closed, []);
        await bench.ensure(bench.first);
        assert.equal(await isThere([2849, 22]), true, "opening closes nothing, nor does ensure");
        assert.equal(await isThere([2222]), true);
        const closing = await ask("close", [2222]);
        assert.notDeepEqual(closing?.closed, []);
        assert.deepEqual(closing?.surplus, []);
        assert.equal(await isThere([2222]), true);
        assert.equal(await isThere([2222, 2849]), false);
        assert.equal(await isThere([2222, 22]), false);
        assert.deepEqual((await ask("close", [2222]))?.closed, []);
      },
    );

    testWhere("creating", "two stacks never touch each other", async (bench) => {
      const { provider, first } = bench;
      const other = `${bench.world.stack}-b`;
      const mine = await bench.ensure(first);
      const theirs = await bench.ensure(first, "token", other);
      assert.notEqual(mine.id, theirs.id);
      assert.deepEqual(
        (await bench.observed()).map((entry) => entry.id),
        [mine.id],
      );
      assert.deepEqual(
        (await bench.observed(other)).map((entry) => entry.id),
        [theirs.id],
      );
      await provider.destroy(first, bench.context());
      await provider.destroyShared?.(bench.context());
      assert.deepEqual(await bench.observed(), []);
      const [left] = await bench.observed(other);
      assert.equal(left?.id, theirs.id);
      assert.equal(left?.status, "running");
    });

    for (const how of ["soft", "hard"] as const) {
      test(`reboot (${how}) keeps the machine, or is refused by name`, async (bench) => {
        const { provider } = bench;
        const machine = await bench.ensure(bench.first);
        const reboot = provider.reboot(machine, how, bench.context());
        if (!provider.capabilities.reboots) {
          await rejectsWith(reboot, "CAPABILITY_MISSING");
          return;
        }
        await reboot;
        const after = await bench.ensure(bench.first);
        assert.equal(after.id, machine.id);
        assert.deepEqual(after.publicAddresses, machine.publicAddresses);
        await bench.until(
          async () => (await bench.observed())[0]?.status === "running",
          "it runs again",
        );
      });
    }

    test("console gives text, or is refused by name", async (bench) => {
      const { provider } = bench;
      const machine = await bench.ensure(bench.first);
      if (!provider.capabilities.console) {
        await rejectsWith(provider.console(machine, bench.context()), "CAPABILITY_MISSING");
        return;
      }
      await bench.until(
        async () => (await provider.console(machine, bench.context())) !== "",
        "the console has text",
      );
    });

    test("destroy removes the machine, and doing it again finds nothing", async (bench) => {
      const { provider, first } = bench;
      await bench.ensure(first);
      const outcome = await provider.destroy(first, bench.context());
      assert.equal(outcome.existed, true);
      if (!provider.capabilities.creates) {
        assert.notEqual(outcome.note ?? "", "", "says what it did not do");
        return;
      }
      assert.deepEqual(await bench.observed(), []);
      assert.equal((await provider.destroy(first, bench.context())).existed, false);
      await provider.destroyShared?.(bench.context());
      await provider.destroyShared?.(bench.context());
      await bench.nothingIsLeft();
    });

    testWhere(
      "leftovers",
      "what outlived its machine is told with its server, and destroy of that server removes it",
      async (bench) => {
        const { provider, first, second } = bench;
        const told = async (): Promise<readonly string[]> =>
          (await provider.leftovers?.(bench.context()))?.map(({ server }) => server) ?? [];
        assert.deepEqual(await told(), []);
        await bench.ensure(first);
        await bench.ensure(second);
        assert.deepEqual(await told(), [], "what machines use is not left over");
        assert.ok(bench.world.loseMachine !== undefined, "the world can take a machine away");
        await bench.world.loseMachine(first);
        const gone = async (): Promise<boolean> =>
          (await bench.observed()).every(({ server }) => server !== first);
        await bench.until(gone, "the machine is gone");
        assert.deepEqual([...new Set(await told())], [first]);
        assert.equal((await provider.destroy(first, bench.context())).existed, true);
        assert.deepEqual(await told(), []);
        assert.deepEqual(
          (await bench.observed()).map(({ server }) => server),
          [second],
        );
      },
    );

    test("destroy of what never was finds nothing", async (bench) => {
      const outcome = await bench.provider.destroy("never-was", bench.context());
      assert.equal(outcome.existed, false);
    });

    testWhere("creating", "a machine made anew after destroy is another one", async (bench) => {
      const { provider, first } = bench;
      const before = await provider.identity(await bench.ensure(first), bench.context());
      await provider.destroy(first, bench.context());
      const after = await provider.identity(await bench.ensure(first), bench.context());
      if (before.proof !== "first-use") assert.notDeepEqual(after.keys, before.keys);
    });

    testWhere(
      "creating",
      "what exists and is not ours is refused, by ensure and by destroy, and stays",
      async (bench) => {
        const { provider, first } = bench;
        assert.ok(
          bench.world.putForeign !== undefined,
          "the world can put something foreign there",
        );
        const takeAway = await bench.world.putForeign(first);
        try {
          await rejectsWith(bench.ensure(first), "NOT_OURS");
          assert.deepEqual(await bench.observed(), []);
          const outcome = await provider
            .destroy(first, bench.context())
            .catch((error: unknown) => error);
          if (outcome instanceof Error) assert.equal(codeOf(outcome), "NOT_OURS");
          else assert.deepEqual(outcome, { existed: false });
          await rejectsWith(bench.ensure(first), "NOT_OURS");
        } finally {
          await takeAway();
        }
        await bench.ensure(first);
      },
    );

    testWhere(
      "creating",
      "an aborted signal ends ensure, and the next one finishes the work",
      async (bench) => {
        const { first } = bench;
        await rejectsWith(
          bench.ensure(first, "token", undefined, AbortSignal.abort()),
          "CANCELLED",
        );
        const controller = new AbortController();
        const cut = bench.ensure(first, "token", undefined, controller.signal);
        setTimeout(() => controller.abort(), 20);
        const outcome = await cut.then(
          () => "done",
          (error: unknown) => codeOf(error),
        );
        assert.ok(outcome === "done" || outcome === "CANCELLED", `ended with ${outcome}`);
        await bench.ensure(first);
        assert.equal((await bench.observed()).length, 1);
      },
    );

    testFaults(testFault);
  });
}

function isNeed(name: string): name is ProviderNeed {
  return Object.hasOwn(HAS, name);
}

async function askShared(
  bench: Bench,
  mode: SharedWish["mode"],
  ports: readonly number[],
): Promise<SharedReport | undefined> {
  const inlets = ports.map(inletOn);
  const wish: SharedWish = { mode, inlets: inlets.slice(0, 1), meanwhile: inlets.slice(1) };
  return await bench.provider.ensureShared?.(wish, bench.context());
}

function inletOn(port: number): Inlet {
  return { protocol: "tcp", fromPort: port, toPort: port, from: "anywhere" };
}
