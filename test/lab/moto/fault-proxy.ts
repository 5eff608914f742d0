import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

/** What is done to a call instead of, or after, handing it on. */
export type Act =
  /** It is carried out, and its answer is never sent. */
  | { readonly kind: "answer-lost" }
  /** It is refused and not carried out. */
  | {
      readonly kind: "refuse";
      readonly status: number;
      readonly code: string;
      readonly retryAfter?: number;
    }
  /** It is not carried out, and answered as if it had been. */
  | { readonly kind: "answer"; readonly text: string }
  /** It is carried out, and its answer changed. */
  | { readonly kind: "change"; readonly change: (xml: string) => string };

export interface Fault {
  readonly match: (call: ProxiedCall) => boolean;
  /** Default once. */
  readonly times?: number;
  readonly act: Act;
}

/** Something that happens at the cloud before a call is carried out. */
export interface Before {
  readonly match: (call: ProxiedCall) => boolean;
  readonly work: (call: ProxiedCall) => Promise<void>;
}

/** Something that happens when a call was carried out, before its answer is sent. */
export type After = Before;

/** What answers in the cloud's place. */
export interface StandIn {
  readonly match: (call: ProxiedCall) => boolean;
  readonly answer: (call: ProxiedCall) => Promise<string>;
}

export interface ProxiedCall {
  readonly action: string;
  readonly parameters: URLSearchParams;
  /** Which key signed it. */
  readonly accessKey: string;
  /** For which region it was signed. */
  readonly region: string;
  readonly sessionToken: string | undefined;
  /** The Systems Manager's are; EC2's are forms, answered in XML. */
  readonly isJson: boolean;
  readonly at: number;
}

const CHANGES = /^(Run|Terminate|Start|Stop)Instances$|^(Create|Delete)Tags$/;
/** Timers of two processes need not agree to the millisecond. */
const GRACE_MS = 20;

/**
 * Stands between the SDK and moto, on loopback: counts calls, and makes the faults that a real cloud has.
 */
export class FaultProxy {
  readonly calls: ProxiedCall[] = [];
  /** Calls that came while they were asked to stay away. */
  earlyCalls = 0;
  /** So long do lists of instances show what was there before a change. */
  lagMs = 0;
  /** Only this key is good. */
  readonly #goodKey: string;
  readonly #target: URL;
  #faults: { readonly fault: Fault; left: number }[] = [];
  #before: readonly Before[] = [];
  #after: readonly After[] = [];
  readonly #standIns: StandIn[] = [];
  readonly #refusedSessions = new Set<string>();
  #quietUntil = 0;
  #lagsUntil = 0;
  readonly #seen = new Map<
    string,
    { readonly answer: Answer; readonly headers: IncomingMessage["headers"] }
  >();
  /** The list of all types: long, and it never changes. */
  #types: Promise<Answer> | undefined;
  readonly #server: Server;

  private constructor(target: string, goodKey: string) {
    this.#target = new URL(target);
    this.#goodKey = goodKey;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
  }

  static async start(target: string, goodKey: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, goodKey);
    await new Promise<void>((done, fail) => {
      proxy.#server.once("error", fail);
      proxy.#server.listen(0, "127.0.0.1", done);
    });
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the proxy is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  before(before: Before): void {
    this.#before = [...this.#before, before];
  }

  after(after: After): void {
    this.#after = [...this.#after, after];
  }

  /** For good, also after `clear`. */
  stand(standIn: StandIn): void {
    this.#standIns.push(standIn);
  }

  /** A session that has ended. */
  refuseSession(token: string): void {
    this.#refusedSessions.add(token);
  }

  count(action: string): number {
    return this.calls.filter((call) => call.action === action).length;
  }

  clear(): void {
    this.#faults = [];
    this.#before = [];
    this.#after = [];
    this.#refusedSessions.clear();
    this.#seen.clear();
    this.calls.length = 0;
    this.earlyCalls = 0;
    this.#quietUntil = 0;
    this.#lagsUntil = 0;
    this.lagMs = 0;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const call = readCall(request, body);
    if (call.at < this.#quietUntil - GRACE_MS) this.earlyCalls += 1;
    this.calls.push(call);
    const send = ({ status, text, headers = {} }: Answer): void => {
      response.writeHead(status, { "content-type": "text/xml", ...headers });
      response.end(text);
    };
    if (call.accessKey !== this.#goodKey) return send(refusal(call, 401, "AuthFailure"));
    if (call.sessionToken !== undefined && this.#refusedSessions.has(call.sessionToken))
      return send(refusal(call, 400, "RequestExpired"));
    const act = this.#take(call);
    if (act?.kind === "refuse") {
      if (act.retryAfter !== undefined) this.#quietUntil = Date.now() + act.retryAfter * 1000;
      const answer = refusal(call, act.status, act.code);
      return send(
        act.retryAfter === undefined
          ? answer
          : { ...answer, headers: { ...answer.headers, "retry-after": String(act.retryAfter) } },
      );
    }
    if (act?.kind === "answer") return send({ status: 200, text: act.text });
    for (const { match, work } of this.#before) if (match(call)) await work(call);
    const standIn = this.#standIns.find(({ match }) => match(call));
    if (standIn !== undefined) return send({ status: 200, text: await standIn.answer(call) });
    const answer = await this.#handOn(call, request.headers, body);
    for (const { match, work } of this.#after) if (match(call)) await work(call);
    if (act?.kind === "answer-lost") return void response.destroy();
    send(act?.kind === "change" ? { ...answer, text: act.change(answer.text) } : answer);
  }

  async #handOn(
    call: ProxiedCall,
    headers: IncomingMessage["headers"],
    body: string,
  ): Promise<Answer> {
    const isList = call.action === "DescribeInstances" && !call.parameters.has("InstanceId.1");
    if (isList && Date.now() < this.#lagsUntil) {
      const old = this.#seen.get(body);
      if (old !== undefined) return old.answer;
    }
    if (this.lagMs > 0 && CHANGES.test(call.action)) {
      // What the lists show until the change has come through everywhere.
      if (Date.now() >= this.#lagsUntil) {
        for (const [query, { headers: known }] of this.#seen)
          this.#seen.set(query, { answer: await this.forward(query, known), headers: known });
      }
      this.#lagsUntil = Date.now() + this.lagMs;
    }
    if (call.action === "DescribeInstanceTypes" && !call.parameters.has("InstanceType.1")) {
      this.#types ??= this.forward(body, headers);
      return typePage(await this.#types, call.parameters.get("NextToken"));
    }
    const answer = await this.forward(body, headers);
    if (isList) this.#seen.set(body, { answer, headers });
    return answer;
  }

  /** Sends a body to moto as it is. */
  async forward(body: string, headers: IncomingMessage["headers"]): Promise<Answer> {
    return await new Promise((done, fail) => {
      const request = sendRequest(
        {
          host: this.#target.hostname,
          port: this.#target.port,
          method: "POST",
          path: "/",
          headers: {
            ...headers,
            host: this.#target.host,
            "content-length": Buffer.byteLength(body),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", fail);
          response.once("end", () =>
            done({
              status: response.statusCode ?? 0,
              text: Buffer.concat(chunks).toString("utf8"),
              headers: { "content-type": response.headers["content-type"] ?? "text/xml" },
            }),
          );
        },
      );
      request.once("error", fail);
      request.end(body);
    });
  }

  #take(call: ProxiedCall): Act | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && fault.match(call));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault.act;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function readCall(request: IncomingMessage, body: string): ProxiedCall {
  const parameters = new URLSearchParams(body);
  const session = request.headers["x-amz-security-token"];
  const target = request.headers["x-amz-target"];
  const [, accessKey = "", region = ""] =
    /Credential=([^/]+)\/[0-9]+\/([^/]+)\//.exec(request.headers.authorization ?? "") ?? [];
  return {
    action:
      parameters.get("Action") ?? (typeof target === "string" ? target.replace(/^.*\./, "") : ""),
    parameters,
    accessKey,
    region,
    sessionToken: typeof session === "string" ? session : undefined,
    isJson: target !== undefined,
    at: Date.now(),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
function refusal({ isJson }: ProxiedCall, status: number, code: string): Answer {
  if (isJson) {
    const text = JSON.stringify({ __type: code, message: `on order: ${code}` });
    return { status, text, headers: { "content-type": "application/x-amz-json-1.1" } };
  }
  return {
    status,
    text: `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${code}</Code><Message>on order: ${code}</Message></Error></Errors><RequestID>00000000-0000-4000-8000-000000000000</RequestID></Response>`,
  };
}

/** Enough for a list: moto has many hundreds in a single page of megabytes, which takes seconds. */
const FAMILIES = /^(t2|t3|t3a|t4g|m5|c5|g4dn)\./;

/** The families above, in two pages. */
function typePage({ text, ...rest }: Answer, token: string | null): Answer {
  const open = "<instanceTypeSet>";
  const close = "</instanceTypeSet>";
  const [from, to] = [text.indexOf(open) + open.length, text.indexOf(close)];
  const items = topItems(text.slice(from, to)).filter((item) =>
    FAMILIES.test(/<instanceType>([^<]+)</.exec(item)?.[1] ?? ""),
  );
  const half = Math.ceil(items.length / 2);
  const page = token === null ? items.slice(0, half) : items.slice(half);
  const next = token === null ? "<nextToken>second</nextToken>" : "";
  return {
    ...rest,
    text: `${text.slice(0, from)}${page.join("")}${close}${next}${text.slice(to + close.length)}`,
  };
}

/** The items of a set, with what is in them. */
function topItems(xml: string): readonly string[] {
  const items: string[] = [];
  let depth = 0;
  let begin = 0;
  for (const tag of xml.matchAll(/<(\/?)item>/g)) {
    if (tag[1] === "") {
      if (depth === 0) begin = tag.index;
      depth += 1;
    } else {
      depth -= 1;
      if (depth === 0) items.push(xml.slice(begin, tag.index + tag[0].length));
    }
  }
  return items;
}
