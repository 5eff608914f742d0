import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Machine {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  state: "building" | "on" | "off" | "broken";
  reason?: string;
  address?: string;
  readonly image: string;
  readonly size: string;
  readonly hostKey: string;
  readonly created: string;
  boots: number;
}

export const SHELF_TOKEN = "shelf-secret";

/** The imaginary service of examples/own-provider, over real HTTP on loopback, with faults on order. */
export class ShelfService {
  machines: Machine[] = [];
  /** For the next create. */
  fault: "answer-lost" | "broken" | "address-late" | "accepted-and-lost" | undefined;
  /** So many of the next calls are refused as too many, without a time. */
  refusals = 0;
  /** So many of the next looks fail. */
  stumbles = 0;
  /** The most machines that there is room for. */
  room = Number.POSITIVE_INFINITY;
  /** No calls until then, ms since 1970. */
  quietUntil = 0;
  earlyCalls = 0;
  readonly #server: Server;
  #isLimiting = false;
  #next = 1;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<ShelfService> {
    const service = new ShelfService();
    await new Promise<void>((resolve) => service.#server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The next call is refused for a second. */
  limit(): void {
    this.#isLimiting = true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const send = (status: number, body?: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(body === undefined ? "" : JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${SHELF_TOKEN}`) return send(401, "no token");
    // A call in flight cannot know of the quiet yet.
    if (Date.now() < this.quietUntil - 50) this.earlyCalls += 1;
    if (this.#isLimiting) {
      this.#isLimiting = false;
      this.quietUntil = Date.now() + 1000;
      return send(429, "too many calls", { "retry-after": "1" });
    }
    if (this.refusals > 0) {
      this.refusals -= 1;
      return send(429, "too many calls");
    }
    const [, collection, id, action] = (request.url ?? "").split("/");
    if (collection === "images") return send(200, IMAGES);
    if (collection === "sizes") return send(200, SIZES);
    if (id === undefined && request.method === "GET") {
      if (this.stumbles === 0) return send(200, this.machines);
      this.stumbles -= 1;
      return send(503, "the shelf stumbled");
    }
    if (id === undefined) {
      const { status, body } = this.#create(JSON.parse(text) as Machine);
      if (this.fault === "answer-lost") {
        this.fault = undefined;
        request.socket.destroy();
        return;
      }
      return send(status, body);
    }
    const found = this.machines.find((machine) => machine.id === id);
    if (found === undefined) return send(404, "no such machine");
    if (request.method === "DELETE") {
      this.machines = this.machines.filter((machine) => machine !== found);
      return send(204);
    }
    if (action === "console") return send(200, { text: `boot ${found.boots}\n` });
    found.boots += 1;
    found.state = "on";
    send(202);
  }

  #create(wanted: Machine): { readonly status: number; readonly body: unknown } {
    if (this.machines.some(({ name }) => name === wanted.name))
      return { status: 409, body: "the name is taken" };
    if (this.machines.length >= this.room) return { status: 507, body: "the shelf is full" };
    if (this.fault === "accepted-and-lost") {
      this.fault = undefined;
      return { status: 201, body: {} };
    }
    const isBroken = this.fault === "broken";
    const isLate = this.fault === "address-late";
    if (isBroken || isLate) this.fault = undefined;
    const machine: Machine = {
      ...wanted,
      id: randomUUID(),
      state: isBroken ? "broken" : "building",
      ...(isBroken ? { reason: "its power supply is dead" } : {}),
      hostKey: makeHostKey(),
      created: new Date().toISOString(),
      boots: 1,
    };
    const address = `192.0.2.${this.#next}`;
    this.#next += 1;
    this.machines.push(machine);
    setTimeout(
      () => {
        if (machine.state !== "building") return;
        machine.state = "on";
        machine.address = address;
      },
      isLate ? 300 : 10,
    ).unref();
    return { status: 201, body: machine };
  }
}

const IMAGES = ["debian-13", "debian-12"].map((name) => ({ name, title: name, distro: name }));
const SIZES = [
  { name: "small", cpus: 2, memoryMb: 4096 },
  { name: "large", cpus: 8, memoryMb: 32_768 },
];

function makeHostKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(raw)]).toString("base64")}`;
}
