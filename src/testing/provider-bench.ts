import assert from "node:assert/strict";

import { BootmachineError } from "../errors/error.ts";
import type { Machine, MachineRequest, Provider, ProviderContext } from "../providers/contract.ts";
import type { ProviderWorld } from "./provider-world.ts";

/** What one test works with. */
export class Bench {
  readonly world: ProviderWorld;
  readonly provider: Provider;
  readonly first: string;
  readonly second: string;
  readonly #timeoutMs: number;
  readonly #touched = new Map<string, Set<string>>();

  constructor(world: ProviderWorld, timeoutMs: number) {
    this.world = world;
    this.provider = world.provider;
    [this.first, this.second] = world.servers;
    this.#timeoutMs = timeoutMs;
    this.#touched.set(world.stack, new Set(world.servers));
  }

  context(stack = this.world.stack, signal?: AbortSignal): ProviderContext {
    return {
      stack,
      signal: signal ?? AbortSignal.timeout(this.#timeoutMs),
      progress: () => undefined,
    };
  }

  request(server: string, token: string): MachineRequest {
    return { roles: ["test"], bootstrapKeys: [TEST_KEY], ...this.world.request, server, token };
  }

  async ensure(
    server: string,
    token = "token",
    stack = this.world.stack,
    signal?: AbortSignal,
  ): Promise<Machine> {
    this.#touched.set(stack, (this.#touched.get(stack) ?? new Set()).add(server));
    return await this.within(
      this.provider.ensure(this.request(server, token), this.context(stack, signal)),
      `ensure of ${server}`,
    );
  }

  async observed(stack = this.world.stack): Promise<readonly Machine[]> {
    return await this.within(this.provider.observe(this.context(stack)), "observe");
  }

  /** Fails where a promise takes longer than the limit: every wait of a provider must be bounded. */
  async within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${what}: no end after ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
    });
    try {
      return await Promise.race([promise, limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  async until(claim: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + this.#timeoutMs;
    while (!(await claim())) {
      assert.ok(Date.now() < deadline, `${what}: not after ${this.#timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async nothingIsLeft(): Promise<void> {
    assert.deepEqual((await this.world.leftovers?.(this.world.stack)) ?? [], []);
  }

  /** Otherwise nothing would be proved by its going. */
  async somethingIsLeft(): Promise<void> {
    const left = await this.world.leftovers?.(this.world.stack);
    assert.notDeepEqual(left ?? (await this.observed()), [], "the fault makes something");
  }

  async cleanUp(): Promise<void> {
    for (const [stack, servers] of this.#touched) {
      for (const server of servers) await this.provider.destroy(server, this.context(stack));
      await this.provider.destroyShared?.(this.context(stack));
    }
  }
}

/** Nobody has its private half. */
export const TEST_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG bootmachine-test";

/** The code of an error, or words that no code is. */
export function codeOf(error: unknown): string {
  return error instanceof BootmachineError ? error.code : `no error of ours: ${String(error)}`;
}

/** The promise is rejected by an error of ours with this code. */
export async function rejectsWith(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => codeOf(error),
  );
  assert.equal(outcome, code);
}
