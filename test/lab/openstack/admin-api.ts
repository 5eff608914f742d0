import { setTimeout as sleep } from "node:timers/promises";

import { type Plan, type PortName, urlOf } from "./plan.ts";

export type Json = Readonly<Record<string, unknown>>;

/** The control plane's administrator, who speaks to the services directly: no fault is put in their way. */
export class AdminApi {
  readonly plan: Plan;
  readonly #token: string;

  private constructor(plan: Plan, token: string) {
    this.plan = plan;
    this.#token = token;
  }

  static async logIn(plan: Plan): Promise<AdminApi> {
    return new AdminApi(plan, (await logIn(plan, "admin", "admin")).token);
  }

  /** Does a call; `key` is what is taken out of the answer. @throws for an answer that is no success. */
  async call(
    method: string,
    service: PortName,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Json> {
    const { status, text } = await this.ask(method, service, path, body, headers);
    if (status >= 400)
      throw new Error(`${method} ${service}${path}: ${status} ${text.slice(0, 400)}`);
    return text.startsWith("{") ? (JSON.parse(text) as Json) : {};
  }

  /** The same, with whatever answer comes. */
  async ask(
    method: string,
    service: PortName,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const isBytes = body instanceof Uint8Array;
    const answer = await fetch(`${urlOf(this.plan, service)}${path}`, {
      method,
      headers: {
        "x-auth-token": this.#token,
        "content-type": isBytes ? "application/octet-stream" : "application/json",
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? new Blob([body]) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** The things of a collection, such as `/v3/projects` with the key `projects`. */
  async list<T extends Json>(service: PortName, path: string, key: string): Promise<readonly T[]> {
    return (await this.call("GET", service, path))[key] as readonly T[];
  }
}

/** A token of a user for a project. Keystone may be a moment from its first answer. */
export async function logIn(
  plan: Plan,
  user: string,
  project: string,
): Promise<{ readonly token: string; readonly userId: string; readonly projectId: string }> {
  const domain = { id: "default" };
  const body = {
    auth: {
      identity: {
        methods: ["password"],
        password: { user: { name: user, domain, password: plan.password } },
      },
      scope: { project: { name: project, domain } },
    },
  };
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(`${urlOf(plan, "identity")}/v3/auth/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    const token = answer.headers.get("x-subject-token");
    const text = await answer.text();
    if (token !== null) {
      const parsed = JSON.parse(text) as {
        readonly token: {
          readonly user: { readonly id: string };
          readonly project: { readonly id: string };
        };
      };
      return { token, userId: parsed.token.user.id, projectId: parsed.token.project.id };
    }
    if (tries === 5) throw new Error(`keystone lets ${user} not in: ${answer.status} ${text}`);
    await sleep(500);
  }
}
