import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { computeApi } from "./compute-api.ts";
import { FaultList } from "./faults.ts";
import { networkApi } from "./network-api.ts";
import { Project } from "./project.ts";
import type { SimulatorOptions } from "./simulator-options.ts";
import { type ApiCall, failure, type Reply } from "./reply.ts";
import { API_KEY, automate, logInToRackspace, rackspaceImages } from "./rackspace-ways.ts";

export interface SimulatedCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: unknown;
  readonly microversion: string | undefined;
  readonly at: number;
}

export const PASSWORD = "not-so-secret";
export const CREDENTIAL = { id: "cred-1", secret: "cred-secret" };

/** What a call in flight may have been sent before it could know of the quiet, ms. */
const GRACE_MS = 30;

/**
 * Keystone, Nova, Neutron and Glance on loopback, over real HTTP: latency, faults on order, lists that lag behind,
 * a rate limit, tokens that end. It knows nothing of bootmachine.
 */
export class OpenStackSimulator {
  readonly project = new Project();
  readonly faults = new FaultList();
  readonly calls: SimulatedCall[] = [];
  readonly options: SimulatorOptions;
  readonly #server: Server;
  #url = "";
  readonly #tokens = new Map<string, number>();
  #quietUntil = 0;
  earlyCalls = 0;
  /** Calls that were over the limit. */
  refused = 0;
  #recent: number[] = [];

  private constructor(options: SimulatorOptions) {
    this.options = options;
    if (options.isRackspace === true) this.project.images = rackspaceImages();
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(options: SimulatorOptions = {}): Promise<OpenStackSimulator> {
    const simulator = new OpenStackSimulator(options);
    await new Promise<void>((resolve) => simulator.#server.listen(0, "127.0.0.1", resolve));
    simulator.#url = `http://127.0.0.1:${(simulator.#server.address() as AddressInfo).port}`;
    return simulator;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Also once it is closed: a request may still be under way then. */
  get url(): string {
    return this.#url;
  }

  /** The environment of somebody who has sourced the cloud's openrc file. */
  get environment(): Readonly<Record<string, string>> {
    if (this.options.isRackspace === true)
      return { RS_USERNAME: "demo", RS_API_KEY: API_KEY, RS_REGION_NAME: "dfw" };
    return {
      OS_AUTH_URL: `${this.url}/identity`,
      OS_USERNAME: "demo",
      OS_PASSWORD: PASSWORD,
      OS_PROJECT_NAME: "demo",
      OS_REGION_NAME: "RegionOne",
      HOME: "/nonexistent",
    };
  }

  /** Every token that was given out is refused from now on. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** Calls of one kind so far, as "POST /compute/v2.1/servers". */
  count(pattern: RegExp): number {
    return this.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const body = (text === "" ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
    const { method = "", url: path = "" } = request;
    const version = request.headers["openstack-api-version"];
    this.calls.push({
      method,
      path,
      body,
      microversion: typeof version === "string" ? version : undefined,
      at: Date.now(),
    });
    await sleep(this.options.latencyMs ?? 1);
    const send = (reply: Reply): void => {
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end(reply.body === undefined ? "" : JSON.stringify(reply.body));
    };
    const fault = this.faults.take(`${method} ${path}`);
    if (fault?.kind === "hangs") return;
    const isWrite = method !== "GET" && !path.endsWith("/tokens");
    const limit = this.#rateLimit(isWrite);
    if (limit !== undefined) return send(limit);
    if (fault?.kind === "status") {
      const seconds = fault.headers?.["retry-after"];
      if ([413, 429].includes(fault.status) && seconds !== undefined)
        this.#quietUntil = Date.now() + Number(seconds) * 1000;
      return send({
        ...failure(fault.status, fault.message ?? "a fault on order"),
        ...(fault.headers === undefined ? {} : { headers: fault.headers }),
      });
    }
    if (fault?.kind === "accepted-and-lost")
      return send({ status: 202, body: { server: { id: randomUUID() } } });
    const reply = this.#handle(request, body);
    if (fault?.kind === "answer-lost") return void request.socket.destroy();
    send(reply);
  }

  #rateLimit(isWrite: boolean): Reply | undefined {
    const now = Date.now();
    if (now < this.#quietUntil - GRACE_MS && this.calls.at(-1) !== undefined) {
      const begun = this.calls.at(-1)?.at ?? now;
      if (begun < this.#quietUntil - GRACE_MS) this.earlyCalls += 1;
    }
    const { limit } = this.options;
    if (limit === undefined || (limit.counts === "writes" && !isWrite)) return undefined;
    this.#recent = this.#recent.filter((at) => at > now - limit.windowMs);
    const [oldest] = this.#recent;
    if (oldest !== undefined && this.#recent.length >= limit.calls) {
      this.refused += 1;
      const seconds = Math.ceil((oldest + limit.windowMs - now) / 1000);
      return {
        ...failure(this.options.isRackspace === true ? 413 : 429, "Too many requests"),
        headers: { "retry-after": String(Math.max(1, seconds)) },
      };
    }
    this.#recent.push(now);
    return undefined;
  }

  #handle(request: IncomingMessage, body: Readonly<Record<string, unknown>>): Reply {
    const url = new URL(request.url ?? "", this.url);
    const method = request.method ?? "";
    if (this.options.isRackspace === true) {
      if (url.pathname === "/identity/v2.0/tokens" && method === "POST")
        return logInToRackspace(this.url, body, () => this.#giveToken());
      if (/^\/compute\/v2\/?$/.test(url.pathname))
        return { status: 200, body: { version: { id: "v2.0", status: "CURRENT" } } };
    } else if (url.pathname === "/identity/v3/auth/tokens" && method === "POST") {
      return this.#logIn(body);
    }
    if (/^\/compute\/v2\.1\/?$/.test(url.pathname))
      return {
        status: 200,
        body: { version: { id: "v2.1", version: "2.93", min_version: "2.1" } },
      };
    const token = request.headers["x-auth-token"];
    const expires = typeof token === "string" ? this.#tokens.get(token) : undefined;
    if (expires === undefined || expires < Date.now())
      return failure(401, "Authentication required");
    this.project.settle();
    automate(this.project, this.options);
    // Rackspace has the account behind the version.
    const pathname = url.pathname.replace(/^\/(compute|image)\/v2\/123456/, (_, service) =>
      service === "compute" ? "/compute/v2.1" : "/image/v2",
    );
    const match = /^\/(compute\/v2\.1|network\/v2\.0|image\/v2)(\/.*)$/.exec(pathname);
    const call: ApiCall = { method, path: match?.[2] ?? "", query: url.searchParams, body };
    const reply =
      match?.[1] === "compute/v2.1"
        ? computeApi(this.project, this.options, call)
        : match?.[1] === "network/v2.0"
          ? networkApi(this.project, call)
          : match?.[1] === "image/v2"
            ? this.#imageApi(call)
            : undefined;
    return reply ?? failure(404, "The resource could not be found.");
  }

  #giveToken(): { readonly id: string; readonly expires: number } {
    const id = randomUUID();
    const expires = Date.now() + (this.options.tokenMs ?? 3_600_000);
    this.#tokens.set(id, expires);
    return { id, expires };
  }

  #logIn(body: Readonly<Record<string, unknown>>): Reply {
    const { auth } = body as {
      readonly auth: {
        readonly identity: {
          readonly methods: readonly string[];
          readonly password?: {
            readonly user: { readonly name?: string; readonly password?: string };
          };
          readonly application_credential?: { readonly id?: string; readonly secret?: string };
          readonly token?: { readonly id: string };
        };
        readonly scope?: { readonly project?: { readonly name?: string } };
      };
    };
    const { password, application_credential: credential, token } = auth.identity;
    const isGood =
      (password?.user.name === "demo" && password.user.password === PASSWORD) ||
      (credential?.id === CREDENTIAL.id && credential.secret === CREDENTIAL.secret) ||
      (token !== undefined && this.#tokens.has(token.id));
    if (!isGood) return failure(401, "The request you have made requires authentication.");
    const { id, expires } = this.#giveToken();
    const hasProject = auth.scope?.project !== undefined || credential !== undefined;
    const endpoint = (type: string, path: string): unknown => ({
      type,
      endpoints: ["RegionOne", "RegionTwo"].map((region) => ({
        interface: "public",
        region_id: region,
        url: `${this.url}${path}`,
      })),
    });
    return {
      status: 201,
      headers: { "x-subject-token": id },
      body: {
        token: {
          expires_at: new Date(expires).toISOString(),
          catalog: [
            endpoint("compute", "/compute/v2.1"),
            endpoint("network", "/network"),
            endpoint("image", "/image"),
          ],
          ...(hasProject ? { project: { id: "project-1", name: "demo" } } : {}),
        },
      },
    };
  }

  #imageApi({ method, path, query }: ApiCall): Reply | undefined {
    if (method !== "GET") return undefined;
    const id = /^\/images\/([^/]+)$/.exec(path)?.[1];
    if (id !== undefined) {
      const found = this.project.images.find((image) => image.id === id);
      return found === undefined
        ? failure(404, `No image found with ID ${id}`)
        : { status: 200, body: found };
    }
    if (path !== "/images") return undefined;
    const name = query.get("name");
    // Without a wish of its own a list has no images of the community.
    const images = this.project.images.filter(
      (image) => image["visibility"] !== "community" && (name === null || image.name === name),
    );
    return { status: 200, body: { images } };
  }
}
