import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import { ProviderError } from "../errors/error.ts";

/** What a fake cloud keeps of a server. */
export interface FakeServer {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly image: string;
  readonly size: string;
  readonly createdAt: string;
  readonly hostKey: string;
  state: "building" | "active" | "off" | "error";
  /** Absent while none is known. */
  address?: string;
  boots: number;
}

interface FakeState {
  servers: FakeServer[];
  /** Addresses are things of their own, as in many clouds: made before the server, and left behind by those who forget them. */
  addresses: { readonly address: string; readonly tags: Readonly<Record<string, string>> }[];
  nextAddress: number;
}

export type FakeFault =
  /** The call is carried out; its answer never comes. */
  | { readonly kind: "answer-lost" }
  /** Fails before the server is made, after its address was. */
  | { readonly kind: "fails-half-way" }
  /** Without a time the cloud does not say how long. */
  | { readonly kind: "rate-limit"; readonly retryAfterMs?: number }
  /** A look at the servers fails. */
  | { readonly kind: "server-error" }
  /** The create is answered, and not carried out. */
  | { readonly kind: "accepted-and-lost" }
  /** The server that is made goes into its error state. */
  | { readonly kind: "error-state" }
  /** The server that is made has its address after this many looks. */
  | { readonly kind: "address-late"; readonly looks: number };

export interface FakeCloudOptions {
  /** How long each call takes, ms. Default 1. */
  readonly latencyMs?: number;
  /** A JSON file that several processes can share; absent: memory. Calls of one process follow one another. */
  readonly file?: string;
}

/**
 * An imaginary cloud: calls over an imaginary network, with latency and with faults on order. It knows nothing of
 * stacks; it is not idempotent by token, and it refuses a second server of the same name, as several real ones do.
 */
export class FakeCloud {
  readonly #options: FakeCloudOptions;
  #state: FakeState = { servers: [], addresses: [], nextAddress: 1 };
  #faults: FakeFault[] = [];
  /** The most servers that there may be. */
  quota = Number.POSITIVE_INFINITY;
  #quietUntil = 0;
  #earlyCalls = 0;
  readonly #looksLeft = new Map<string, number>();

  constructor(options: FakeCloudOptions = {}) {
    this.#options = options;
  }

  /** The next call that the fault fits has it. */
  inject(fault: FakeFault): void {
    this.#faults.push(fault);
  }

  /** Calls that came while the cloud had asked for quiet. */
  get earlyCalls(): number {
    return this.#earlyCalls;
  }

  async listServers(): Promise<readonly FakeServer[]> {
    await this.#arrive();
    if (this.#take("server-error") !== undefined)
      throw new ProviderError("PROVIDER_UNAVAILABLE", "The fake cloud stumbled.");
    const state = this.#load();
    for (const server of state.servers) this.#settle(server);
    return structuredClone(state.servers);
  }

  async listAddresses(): Promise<FakeState["addresses"]> {
    await this.#arrive();
    return structuredClone(this.#load().addresses);
  }

  async createAddress(tags: Readonly<Record<string, string>>): Promise<string> {
    await this.#arrive();
    const state = this.#load();
    const address = `192.0.2.${state.nextAddress}`;
    state.nextAddress = (state.nextAddress % 253) + 1;
    state.addresses.push({ address, tags });
    this.#save();
    return address;
  }

  async createServer(
    wanted: Pick<FakeServer, "name" | "tags" | "image" | "size"> & { readonly address: string },
  ): Promise<FakeServer> {
    await this.#arrive();
    if (this.#take("fails-half-way") !== undefined) {
      throw new ProviderError(
        "PROVIDER_UNAVAILABLE",
        "The fake cloud failed while it made the server.",
      );
    }
    const state = this.#load();
    if (state.servers.some((server) => server.name === wanted.name)) {
      throw new ProviderError("PROVIDER_CONFLICT", `A server ${wanted.name} exists.`);
    }
    if (state.servers.length >= this.quota) {
      throw new ProviderError("PROVIDER_QUOTA", `No more than ${this.quota} servers are allowed.`, {
        hint: "Destroy servers that are not needed.",
      });
    }
    const late = this.#take("address-late");
    const server: FakeServer = {
      id: randomBytes(6).toString("hex"),
      name: wanted.name,
      tags: wanted.tags,
      image: wanted.image,
      size: wanted.size,
      createdAt: new Date().toISOString(),
      hostKey: makeHostKey(),
      state: this.#take("error-state") === undefined ? "active" : "error",
      boots: 1,
      address: wanted.address,
    };
    if (late !== undefined) {
      this.#looksLeft.set(server.id, late.looks);
      delete server.address;
      server.state = "building";
    }
    if (this.#take("accepted-and-lost") !== undefined) return structuredClone(server);
    state.servers.push(server);
    this.#save();
    if (this.#take("answer-lost") !== undefined) await new Promise<never>(() => undefined);
    return structuredClone(server);
  }

  async deleteServer(id: string): Promise<boolean> {
    await this.#arrive();
    const state = this.#load();
    const before = state.servers.length;
    state.servers = state.servers.filter((server) => server.id !== id);
    this.#save();
    return state.servers.length < before;
  }

  async deleteAddress(address: string): Promise<void> {
    await this.#arrive();
    const state = this.#load();
    state.addresses = state.addresses.filter((entry) => entry.address !== address);
    this.#save();
  }

  async rebootServer(id: string): Promise<void> {
    await this.#arrive();
    const server = this.#load().servers.find((entry) => entry.id === id);
    if (server === undefined) throw new ProviderError("PROVIDER_NOT_FOUND", `No server ${id}.`);
    server.boots += 1;
    server.state = "active";
    this.#save();
  }

  async #arrive(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#options.latencyMs ?? 1));
    if (Date.now() < this.#quietUntil) this.#earlyCalls += 1;
    const limit = this.#take("rate-limit");
    if (limit === undefined) return;
    const { retryAfterMs } = limit;
    if (retryAfterMs === undefined)
      throw new ProviderError("PROVIDER_RATE_LIMIT", "Too many calls.");
    this.#quietUntil = Date.now() + retryAfterMs;
    throw new ProviderError("PROVIDER_RATE_LIMIT", "Too many calls.", { retryAfterMs });
  }

  #settle(server: FakeServer): void {
    const looks = this.#looksLeft.get(server.id);
    if (looks === undefined) return;
    this.#looksLeft.set(server.id, looks - 1);
    if (looks > 1) return;
    this.#looksLeft.delete(server.id);
    const own = this.#state.addresses.find(
      (entry) => entry.tags["server"] === server.tags["server"],
    );
    server.address = own?.address ?? "192.0.2.254";
    server.state = "active";
    this.#save();
  }

  #take<K extends FakeFault["kind"]>(
    kind: K,
  ): Extract<FakeFault, { readonly kind: K }> | undefined {
    const found = this.#faults.find((fault) => fault.kind === kind);
    if (found === undefined) return undefined;
    this.#faults = this.#faults.filter((fault) => fault !== found);
    return found as Extract<FakeFault, { readonly kind: K }>;
  }

  #load(): FakeState {
    const { file } = this.#options;
    if (file !== undefined && existsSync(file)) {
      this.#state = JSON.parse(readFileSync(file, "utf8")) as FakeState;
    }
    return this.#state;
  }

  #save(): void {
    const { file } = this.#options;
    if (file === undefined) return;
    writeFileSync(`${file}.new`, JSON.stringify(this.#state));
    renameSync(`${file}.new`, file);
  }
}

function makeHostKey(): string {
  const der = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" });
  const part = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([part(Buffer.from("ssh-ed25519")), part(der.subarray(-32))]);
  return `ssh-ed25519 ${blob.toString("base64")}`;
}
