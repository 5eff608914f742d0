import { AnswerStore } from "../../cloud/answer-store.ts";
import { callLimits } from "../../cloud/call-limit.ts";
import type { Caller } from "../../cloud/caller.ts";
import { MachineWatch } from "../../cloud/machine-watch.ts";
import type { HostIdentity, SizeWish } from "../contract.ts";
import type { Account } from "./account.ts";
import { Ec2Api } from "./client.ts";
import { Ec2Refusal } from "./failures.ts";
import { knownImages } from "./image-wishes.ts";
import { type Ec2Image, type Ec2Type, listTypes } from "./images.ts";
import { type Ec2Instance, listInstances } from "./instances.ts";
import { literal } from "./tags.ts";
import { STACK } from "./marks.ts";
import { type Ec2Subnet, listSubnets, listVpcs } from "./network.ts";
import type { Ec2Settings } from "./options.ts";
import { chooseSubnets } from "./subnets.ts";

/** How long a place without capacity is tried last, ms. */
const FULL_FOR_MS = 120_000;

/** One region of one account: its client, and what does not change while a run lasts, asked for once. */
export class Cloud {
  readonly api: Ec2Api;
  /** All instances of ours. */
  readonly watch: MachineWatch<Ec2Instance>;
  /** All instances that bear names as ours do, whoever made them. */
  readonly namesakes: MachineWatch<Ec2Instance>;
  /** Instances that this process made, by `stack.server`: a list may not show them yet. */
  readonly made = new Map<string, string>();
  /** Host keys that this process has written: a list may still show the old ones. */
  readonly kept = new Map<string, HostIdentity>();
  /** Failed instances that were destroyed: EC2 shows them for an hour. */
  readonly buried = new Set<string>();
  readonly #settings: Ec2Settings;
  readonly #answers = new AnswerStore();
  #hasAllTypes = false;
  readonly #stacks = new Set<string>();
  /** Places that had no capacity, and until when that is remembered. */
  readonly #full = new Map<string, number>();

  constructor(settings: Ec2Settings, account: Account) {
    const { pollMs } = settings;
    this.#settings = settings;
    this.api = new Ec2Api({
      account,
      callTimeoutMs: settings.callTimeoutMs,
      limits: callLimits(settings),
      retryMs: pollMs / 2,
    });
    const ours = [{ Name: "tag-key", Values: [STACK] }];
    this.watch = new MachineWatch(
      async (caller) => await listInstances(this.api, ours, "list the servers", caller),
      pollMs,
    );
    this.namesakes = new MachineWatch(
      async (caller) =>
        await listInstances(
          this.api,
          [{ Name: "tag:Name", Values: [...this.#stacks].map((stack) => `${literal(stack)}.*`) }],
          "look for servers of the same names",
          caller,
        ),
      pollMs,
    );
  }

  /** Instances with names of this stack, ours or not. */
  async namesakesOf(stack: string, caller: Caller): Promise<readonly Ec2Instance[]> {
    this.#stacks.add(stack);
    return await this.namesakes.fresh(caller);
  }

  /** All instance types. */
  async types(caller: Caller): Promise<readonly Ec2Type[]> {
    const list = this.#answers.once(
      "types",
      async () => await listTypes(this.api, undefined, caller),
    );
    this.#hasAllTypes = true;
    return await list;
  }

  /** As many instance types as tell what these wishes mean. */
  async typesFor(wishes: readonly SizeWish[], caller: Caller): Promise<readonly Ec2Type[]> {
    const names = wishes.flatMap((wish) => (typeof wish === "string" ? [wish] : []));
    if (this.#hasAllTypes || names.length < wishes.length) return await this.types(caller);
    try {
      return await this.#answers.once(
        `types ${names.join(" ")}`,
        async () => await listTypes(this.api, names, caller),
      );
    } catch (thrown) {
      // One is not there: the others tell what may have been meant.
      if (!(thrown instanceof Ec2Refusal)) throw thrown;
      return await this.types(caller);
    }
  }

  async images(caller: Caller): Promise<readonly Ec2Image[]> {
    return await this.#answers.once("images", async () => await knownImages(this.api, caller));
  }

  /** Where servers may be put, in the order in which that is tried. */
  async subnets(caller: Caller): Promise<readonly Ec2Subnet[]> {
    return await this.#answers.once("subnets", async () => {
      const [vpcs, subnets] = await Promise.all([
        listVpcs(this.api, caller),
        listSubnets(this.api, caller),
      ]);
      return chooseSubnets(this.#settings, vpcs, subnets);
    });
  }

  /** What a share of servers needs and one asks for: an answer is kept, a failure is not. */
  async shared<T>(what: string, ask: () => Promise<T>): Promise<T> {
    return await this.#answers.once(what, ask);
  }

  forget(what: string): void {
    this.#answers.forget(what);
  }

  markFull(place: string): void {
    this.#full.set(place, Date.now() + FULL_FOR_MS);
  }

  isFull(place: string): boolean {
    return (this.#full.get(place) ?? 0) > Date.now();
  }
}
