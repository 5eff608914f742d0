import {
  createServer,
  type IncomingMessage,
  request as requestHttp,
  type Server,
  type ServerResponse,
} from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { FaultList } from "../../simulators/openstack/faults.ts";
import { ADDRESS, type Plan, type PortName } from "./plan.ts";

export interface FrontCall {
  readonly method: string;
  /** With the service before it, and the query: "/compute/v2.1/servers/detail?limit=1000". */
  readonly path: string;
  readonly at: number;
  readonly status: number | undefined;
}

export interface FrontAnswer {
  readonly status: number;
  readonly body: string;
}

/** Answers a call in the place of the service, where it wants to; undefined lets it through. */
export type Stand = (
  method: string,
  path: string,
  body: string,
) => Promise<FrontAnswer | undefined>;

const SERVICES = ["identity", "compute", "network", "image"] as const satisfies readonly PortName[];

/** How long a front that is still in use is waited for. */
const PATIENCE_MS = 120_000;

const PASSED_BACK = [
  "content-type",
  "x-subject-token",
  "x-openstack-request-id",
  "retry-after",
] as const;

interface Passed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * What the catalogue shows as public: passes calls on to the real services, with the faults that a test orders. The
 * services themselves call each other directly.
 */
export class Front {
  readonly faults = new FaultList();
  readonly calls: FrontCall[] = [];
  /** Calls that came while they were asked to wait. */
  earlyCalls = 0;
  stand: Stand | undefined;
  /** The one that Keystone gave out last. */
  lastToken: string | undefined;
  /** Addresses of new servers are kept back until then, ms since 1970. */
  addressesFrom = 0;
  readonly #plan: Plan;
  readonly #server: Server;
  #quietUntil = 0;

  private constructor(plan: Plan) {
    this.#plan = plan;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(plan: Plan): Promise<Front> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const front = new Front(plan);
      const problem = await new Promise<NodeJS.ErrnoException | undefined>((done) => {
        front.#server.once("error", done);
        front.#server.listen(plan.ports.front, ADDRESS, () => done(undefined));
      });
      if (problem === undefined) return front;
      // Another test of the same control plane has not ended yet.
      if (problem.code !== "EADDRINUSE" || Date.now() > deadline) throw problem;
      await sleep(500);
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  /** Forgets faults and calls of the test before. */
  reset(): void {
    this.faults.clear();
    this.calls.length = 0;
    this.earlyCalls = 0;
    this.#quietUntil = 0;
    this.addressesFrom = 0;
  }

  /** Calls of one kind so far, as "POST /compute/v2.1/servers". */
  count(pattern: RegExp): number {
    return this.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    const { method = "", url: path = "" } = request;
    const body = await readAll(request);
    const send = (
      status: number,
      text: string,
      headers: Readonly<Record<string, string>> = {},
    ): void => {
      this.calls.push({ method, path, at, status });
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(text);
    };
    if (at < this.#quietUntil) this.earlyCalls += 1;
    const fault = this.faults.take(`${method} ${path}`);
    switch (fault?.kind) {
      case "hangs":
        this.calls.push({ method, path, at, status: undefined });
        return;
      case "status": {
        const { status, headers = {}, message = "a fault on order" } = fault;
        const seconds = headers["retry-after"];
        // What is under way already may not know of it yet.
        if (seconds !== undefined) {
          await sleep(1);
          this.#quietUntil = Date.now() + Number(seconds) * 1000 - 30;
        }
        return send(status, JSON.stringify({ error: { code: status, message } }), headers);
      }
      case "accepted-and-lost":
        return send(202, JSON.stringify({ server: { id: crypto.randomUUID() } }));
      case "answer-lost":
      case undefined:
    }
    const stood = await this.stand?.(method, path, body.toString("utf8"));
    if (stood !== undefined) return send(stood.status, stood.body);
    const answer = await this.#pass(request, body);
    this.calls.push({ method, path, at, status: answer.status });
    this.lastToken = answer.headers["x-subject-token"] ?? this.lastToken;
    if (fault?.kind === "answer-lost") return void request.socket.destroy();
    response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
    response.end(answer.body);
  }

  async #pass(request: IncomingMessage, body: Buffer): Promise<Passed> {
    const { method = "", url = "", headers } = request;
    const service = SERVICES.find((name) => url.startsWith(`/${name}/`));
    if (service === undefined) return { status: 404, headers: {}, body: Buffer.from("{}") };
    const { host: _host, connection: _connection, ...kept } = headers;
    const answer = await new Promise<IncomingMessage>((done, fail) => {
      const call = requestHttp(
        {
          host: ADDRESS,
          port: this.#plan.ports[service],
          method,
          path: url.slice(service.length + 1),
          headers: { ...kept, connection: "close" },
          timeout: 120_000,
        },
        done,
      );
      call.once("timeout", () => call.destroy(new Error("the service does not answer")));
      call.once("error", fail);
      call.end(body);
    });
    const text = await readAll(answer);
    const isLook = method === "GET" && url.startsWith("/compute/v2.1/servers/");
    return {
      status: answer.statusCode ?? 502,
      headers: Object.fromEntries(
        PASSED_BACK.flatMap((name) => {
          const value = answer.headers[name];
          return typeof value === "string" ? [[name, value] as const] : [];
        }),
      ),
      body: isLook && Date.now() < this.addressesFrom ? withoutAddresses(text) : text,
    };
  }
}

function withoutAddresses(body: Buffer): Buffer {
  const text = JSON.stringify(JSON.parse(body.toString("utf8")), (key, value: unknown) =>
    key === "addresses" ? {} : value,
  );
  return Buffer.from(text);
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
