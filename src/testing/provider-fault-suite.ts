import assert from "node:assert/strict";

import { BootmachineError } from "../errors/error.ts";
import type { Machine } from "../providers/contract.ts";
import { type Bench, rejectsWith } from "./provider-bench.ts";
import type { ProviderFaults } from "./provider-world.ts";

/** Registers one test of a fault, or says under its name why it is not applicable. */
export type TestFault = <K extends keyof ProviderFaults>(
  fault: K,
  name: string,
  body: (bench: Bench, inject: ProviderFaults[K]) => Promise<void>,
) => void;

/** What a provider does when its cloud fails: the second half of the contract suite. */
export function testFaults(testFault: TestFault): void {
  testFault(
    "answerLost",
    "an answer that never comes makes no second machine",
    async (bench, inject) => {
      const request = bench.request(bench.first, "lost");
      await inject(request, bench.context());
      const machine = await bench.ensure(bench.first, "lost");
      assert.deepEqual(
        (await bench.observed()).map((entry) => entry.id),
        [machine.id],
      );
      await bench.provider.destroy(bench.first, bench.context());
      await bench.nothingIsLeft();
    },
  );

  testFault(
    "answerLost",
    "what is left of a lost answer can be destroyed",
    async (bench, inject) => {
      await inject(bench.request(bench.first, "lost"), bench.context());
      await bench.provider.destroy(bench.first, bench.context());
      assert.deepEqual(await bench.observed(), []);
      await bench.nothingIsLeft();
    },
  );

  testFault(
    "createFailsHalfWay",
    "a create that fails half-way is finished by the next",
    async (bench, inject) => {
      await inject(bench.request(bench.first, "half"), bench.context());
      // Nobody goes on with a machine that looks ready.
      for (const half of await bench.observed())
        assert.ok(half.status !== "running" || half.publicAddresses.length === 0, half.status);
      const machine = await bench.ensure(bench.first, "half");
      assert.ok(machine.publicAddresses.length > 0);
      assert.deepEqual(
        (await bench.observed()).map((entry) => entry.id),
        [machine.id],
      );
    },
  );

  testFault("createFailsHalfWay", "a half-made machine can be destroyed", async (bench, inject) => {
    await inject(bench.request(bench.first, "half"), bench.context());
    await bench.somethingIsLeft();
    await bench.provider.destroy(bench.first, bench.context());
    assert.deepEqual(await bench.observed(), []);
    await bench.nothingIsLeft();
  });

  testFault(
    "rateLimit",
    "a rate limit is waited for as long as the provider says",
    async (bench, inject) => {
      const tooEarly = await inject();
      await bench.ensure(bench.first);
      assert.equal(tooEarly(), 0, "no call came before the time that the provider named");
      assert.equal((await bench.observed()).length, 1);
    },
  );

  testFault(
    "errorState",
    "a machine in its error state is told, and can be destroyed",
    async (bench, inject) => {
      const request = await inject(bench.request(bench.first, "error"));
      await rejectsWith(
        bench.within(
          bench.provider.ensure(request, bench.context()),
          "ensure of a machine that fails",
        ),
        "MACHINE_FAILED",
      );
      const [machine] = await bench.observed();
      assert.equal(machine?.status, "failed");
      assert.notEqual(machine?.detail ?? "", "", "says why");
      assert.equal((await bench.provider.destroy(bench.first, bench.context())).existed, true);
      await bench.nothingIsLeft();
      await bench.ensure(bench.first, "next");
    },
  );

  testFault("addressLate", "an address that comes late is waited for", async (bench, inject) => {
    await inject();
    assert.ok((await bench.ensure(bench.first)).publicAddresses.length > 0);
  });

  testFault(
    "secondMachine",
    "of two machines of one server the first stays, and ensure removes the other",
    async (bench, inject) => {
      const machine = await bench.ensure(bench.first);
      await inject(bench.first, bench.context());
      await bench.until(
        async () => (await bench.observed()).length === 2,
        "both machines are listed",
      );
      assert.equal((await bench.observed())[0]?.id, machine.id, "the one that stays comes first");
      assert.equal((await bench.ensure(bench.first, "another")).id, machine.id);
      assert.deepEqual(idsOf(await bench.observed()), [machine.id]);
      await bench.provider.destroy(bench.first, bench.context());
      await bench.nothingIsLeft();
    },
  );

  testFault(
    "secondMachine",
    "destroy removes both machines of one server",
    async (bench, inject) => {
      await bench.ensure(bench.first);
      await inject(bench.first, bench.context());
      await bench.until(
        async () => (await bench.observed()).length === 2,
        "both machines are listed",
      );
      await bench.provider.destroy(bench.first, bench.context());
      assert.deepEqual(await bench.observed(), []);
      await bench.nothingIsLeft();
    },
  );

  testFault(
    "acceptedAndLost",
    "a create that is accepted and never carried out is told or made up for",
    async (bench, inject) => {
      await inject();
      const first = await bench.ensure(bench.first, "lost").then(
        (machine) => machine.id,
        (error: unknown) => {
          // Its own limit ended it, not the suite's.
          assert.ok(error instanceof BootmachineError, String(error));
          return undefined;
        },
      );
      const machine = await bench.ensure(bench.first, "lost");
      if (first !== undefined) assert.equal(machine.id, first);
      assert.deepEqual(idsOf(await bench.observed()), [machine.id]);
    },
  );

  testFault(
    "rateLimitWithoutTime",
    "a rate limit that names no time is waited for as well",
    async (bench, inject) => {
      await inject();
      const machine = await bench.ensure(bench.first);
      assert.deepEqual(idsOf(await bench.observed()), [machine.id]);
    },
  );

  testFault("serverErrors", "looks that fail for a while are repeated", async (bench, inject) => {
    await bench.ensure(bench.first);
    await inject();
    const machine = await bench.ensure(bench.second);
    assert.deepEqual(
      (await bench.observed()).filter(({ server }) => server === bench.second).map(({ id }) => id),
      [machine.id],
    );
  });

  testFault(
    "quota",
    "a quota that is used up is told with what to do, and nothing of the server stays",
    async (bench, inject) => {
      const lift = await inject();
      const error = await bench.ensure(bench.first).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof BootmachineError, String(error));
      assert.ok(["PROVIDER_QUOTA", "PROVIDER_CAPACITY"].includes(error.code), error.code);
      assert.notEqual(error.hint ?? "", "", "says what to do");
      assert.deepEqual(await bench.observed(), []);
      await bench.nothingIsLeft();
      await lift();
      await bench.ensure(bench.first, "next");
    },
  );

  testFault(
    "credentialEnds",
    "a credential that ends in the middle is renewed",
    async (bench, inject) => {
      await bench.ensure(bench.first);
      await inject();
      const machine = await bench.ensure(bench.second);
      assert.ok((await bench.observed()).some(({ id }) => id === machine.id));
    },
  );

  testFault(
    "wrongCredential",
    "a wrong credential is told as such, at the first call",
    async (bench, inject) => {
      const provider = inject();
      await rejectsWith(
        bench.within(provider.observe(bench.context()), "observe"),
        "PROVIDER_AUTH",
      );
    },
  );
}

function idsOf(machines: readonly Machine[]): readonly string[] {
  return machines.map(({ id }) => id);
}
