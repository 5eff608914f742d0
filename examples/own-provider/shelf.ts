// A provider of one's own: machines of a small service that speaks JSON over HTTP, as a shelf of computers in an office may
// have. It passes the contract suite of bootmachine/testing, faults included.
import { setTimeout as sleep } from "node:timers/promises";

import {
  CancelledError,
  defineProvider,
  imageOf,
  imageText,
  ProviderError,
  RefusedError,
  sizeOf,
  sizeText,
  TimeoutError,
  UserError,
  type ImageInfo,
  type Machine,
  type MachineRequest,
  type Provider,
  type ProviderContext,
  type SizeInfo,
} from "bootmachine/plugin";

export interface ShelfOptions {
  /** The service, such as "http://shelf.office:8080". */
  readonly url: string;
  /** A secret: take it from the environment. */
  readonly token: string;
  /** Limit of one call, ms. Default 10 seconds. */
  readonly callTimeoutMs?: number;
  /** Limit for a machine to have its address, ms. Default 5 minutes. */
  readonly bootTimeoutMs?: number;
  /** Pause between two looks, ms. Default 1 second. */
  readonly pollMs?: number;
}

/** A machine as the service tells it. */
interface ShelfMachine {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "building" | "on" | "off" | "broken";
  readonly reason?: string;
  readonly address?: string;
  readonly image: string;
  readonly size: string;
  /** The service reads it from the disk before the machine starts: the strongest proof that there is. */
  readonly hostKey: string;
  readonly created: string;
}

/** What a server gets that asks for no size: `plan` judges it as if it had been asked for. */
const DEFAULT_SIZE = "small";

const STATUS = { building: "creating", on: "running", off: "stopped", broken: "failed" } as const;

export function shelf(options: ShelfOptions): Provider {
  const { callTimeoutMs = 10_000, bootTimeoutMs = 300_000, pollMs = 1000 } = options;
  /** What the last lists held, for `check`, which asks nobody. */
  let images: readonly ImageInfo[] | undefined;
  let sizes: readonly SizeInfo[] | undefined;

  /** One call: bounded, ended by the signal, traced, and repeated where that does no harm: after a rate limit, and a look that failed. */
  async function call<T>(
    what: string,
    context: ProviderContext,
    [method, path, body]: readonly [method: string, path: string, body?: unknown],
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      if (context.signal.aborted) throw new CancelledError();
      const began = Date.now();
      const url = `${options.url}${path}`;
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${options.token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(callTimeoutMs)]),
      }).catch((cause: unknown) => {
        if (context.signal.aborted) throw new CancelledError();
        throw new ProviderError("PROVIDER_UNAVAILABLE", `The shelf did not answer: ${what}.`, {
          cause,
        });
      });
      const ms = Date.now() - began;
      context.trace?.({ what, method, url, status: response.status, ms });
      const text = await response.text();
      if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
      const named = response.headers.get("retry-after");
      const wait = named === null ? pollMs * 2 ** attempt : Number(named) * 1000;
      const isLook = method === "GET" && response.status >= 500;
      if ((response.status === 429 || isLook) && attempt < 5) {
        context.progress(`the shelf is asked again in ${wait} ms`);
        await pause(wait, context.signal);
        continue;
      }
      const code = codeOf(response.status);
      throw new ProviderError(code, `The shelf refused: ${what}: ${text}`, hintOf(code));
    }
  }

  const list = async (context: ProviderContext): Promise<readonly ShelfMachine[]> =>
    await call("list the machines", context, ["GET", "/machines"]);

  /** By our labels, in any state, and never by name alone; of several the oldest, which stays, is the first. */
  async function findAll(
    server: string,
    context: ProviderContext,
  ): Promise<readonly ShelfMachine[]> {
    return (await list(context)).filter(
      ({ labels }) =>
        isOurs(labels) && labels["stack"] === context.stack && labels["server"] === server,
    );
  }

  const find = async (
    server: string,
    context: ProviderContext,
  ): Promise<ShelfMachine | undefined> => (await findAll(server, context))[0];

  /** Somebody may be faster: what is gone was wanted gone. */
  async function remove({ id, name }: ShelfMachine, context: ProviderContext): Promise<void> {
    await call(`remove ${name}`, context, ["DELETE", `/machines/${id}`]).catch(
      (thrown: unknown) => {
        if (!(thrown instanceof ProviderError) || thrown.code !== "PROVIDER_NOT_FOUND")
          throw thrown;
      },
    );
  }

  async function create(request: MachineRequest, context: ProviderContext): Promise<void> {
    const name = `${context.stack}.${request.server}`;
    const labels = {
      "made-by": "bootmachine",
      stack: context.stack,
      server: request.server,
      token: request.token,
    };
    const image = imageOf(request.image ?? "debian-13", images ?? (await readImages(context)));
    const size = sizeOf(request.size ?? DEFAULT_SIZE, sizes ?? (await readSizes(context)));
    const wanted = {
      name,
      labels,
      image: image?.name,
      size: size?.name,
      keys: request.bootstrapKeys,
    };
    try {
      await call(`make ${name}`, context, ["POST", "/machines", wanted]);
    } catch (thrown) {
      if (!(thrown instanceof ProviderError)) throw thrown;
      // No answer, or "the name is taken": a look tells whether it was made, perhaps by another run. Never sent again blindly.
      if ((await find(request.server, context)) !== undefined) return;
      // A quota, a wrong token: it was refused, and the service's own words say why.
      if (thrown.code !== "PROVIDER_CONFLICT") throw thrown;
      throw new RefusedError("NOT_OURS", `The shelf has a machine ${name} without our labels.`, {
        server: request.server,
      });
    }
  }

  async function readImages(context: ProviderContext): Promise<readonly ImageInfo[]> {
    images = await call<readonly ImageInfo[]>("list the images", context, ["GET", "/images"]);
    return images;
  }

  async function readSizes(context: ProviderContext): Promise<readonly SizeInfo[]> {
    const list = await call<readonly SizeInfo[]>("list the sizes", context, ["GET", "/sizes"]);
    sizes = list.map((size) => (size.name === DEFAULT_SIZE ? { ...size, isDefault: true } : size));
    return sizes;
  }

  const check: Provider["check"] = ({ image, size }) => [
    ...(image !== undefined && images !== undefined && imageOf(image, images) === undefined
      ? [
          {
            about: "image" as const,
            message: `the shelf has no image ${imageText(image)}: it has ${namesOf(images)}`,
          },
        ]
      : []),
    ...(size !== undefined && sizes !== undefined && sizeOf(size, sizes) === undefined
      ? [
          {
            about: "size" as const,
            message: `the shelf has no size ${sizeText(size)}: it has ${namesOf(sizes)}`,
          },
        ]
      : []),
  ];

  /** Look, create if missing, bring in line, return: one path every time. */
  async function ensure(request: MachineRequest, context: ProviderContext): Promise<Machine> {
    const [problem] = check(request);
    if (problem !== undefined) {
      const code = problem.about === "size" ? "SIZE_UNKNOWN" : "IMAGE_UNKNOWN";
      throw new UserError(code, problem.message, { server: request.server });
    }
    if ((await find(request.server, context)) === undefined) await create(request, context);
    const deadline = Date.now() + bootTimeoutMs;
    for (;;) {
      const [found, ...others] = await findAll(request.server, context);
      // A create whose answer was lost may come through after all.
      for (const other of others) await remove(other, context);
      if (found === undefined)
        throw new ProviderError("PROVIDER_NOT_FOUND", `${request.server} vanished from the shelf.`);
      if (found.state === "broken") {
        throw new ProviderError("MACHINE_FAILED", `${request.server}: ${found.reason}.`, {
          server: request.server,
          hint: "Destroy it; the next `up` makes another one.",
        });
      }
      if (found.state === "off") await restart(found.id, context);
      else if (found.state === "on" && found.address !== undefined) return toMachine(found);
      if (Date.now() > deadline)
        throw new TimeoutError(`${request.server} got no address.`, bootTimeoutMs);
      context.progress(`waiting for ${request.server}: ${found.state}`);
      await pause(pollMs, context.signal);
    }
  }

  const restart = async (id: string, context: ProviderContext): Promise<void> =>
    await call(`restart ${id}`, context, ["POST", `/machines/${id}/restart`]);

  return defineProvider({
    kind: "provider",
    apiVersion: 1,
    name: "shelf",
    capabilities: {
      creates: true,
      reboots: true,
      console: true,
      images: true,
      sizes: true,
      identity: ["published"],
    },
    observe: async (context) =>
      (await list(context))
        .filter(({ labels }) => isOurs(labels) && labels["stack"] === context.stack)
        .map(toMachine),
    list: async (context) =>
      (await list(context)).filter(({ labels }) => isOurs(labels)).map(toMachine),
    ensure,
    identity: async (machine, context) => {
      const found = await find(machine.server, context);
      if (found === undefined)
        throw new ProviderError("PROVIDER_NOT_FOUND", `${machine.server} is not on the shelf.`);
      return { proof: "published", keys: [found.hostKey] };
    },
    destroy: async (server, context) => {
      const found = await findAll(server, context);
      for (const machine of found) await remove(machine, context);
      return { existed: found.length > 0 };
    },
    reboot: async (machine, _how, context) => await restart(machine.id, context),
    console: async (machine, context) => {
      const { text } = await call<{ readonly text: string }>("read the console", context, [
        "GET",
        `/machines/${machine.id}/console`,
      ]);
      return text;
    },
    images: readImages,
    sizes: readSizes,
    check,
  });
}

const isOurs = (labels: ShelfMachine["labels"]): boolean => labels["made-by"] === "bootmachine";

function toMachine(found: ShelfMachine): Machine {
  const addresses = found.address === undefined ? [] : [found.address];
  return {
    id: found.id,
    stack: found.labels["stack"] ?? "",
    server: found.labels["server"] ?? "",
    status: STATUS[found.state],
    ...(found.reason === undefined ? {} : { detail: found.reason }),
    publicAddresses: addresses,
    privateAddresses: addresses,
    login: { user: "root", port: 22 },
    image: found.image,
    size: found.size,
    createdAt: found.created,
  };
}

function codeOf(status: number): ConstructorParameters<typeof ProviderError>[0] {
  if (status === 401 || status === 403) return "PROVIDER_AUTH";
  if (status === 404) return "PROVIDER_NOT_FOUND";
  if (status === 409) return "PROVIDER_CONFLICT";
  if (status === 429) return "PROVIDER_RATE_LIMIT";
  if (status === 507) return "PROVIDER_CAPACITY";
  return "PROVIDER_UNAVAILABLE";
}

/** What to do, where there is something. */
function hintOf(code: ReturnType<typeof codeOf>): { readonly hint?: string } {
  if (code === "PROVIDER_CAPACITY") return { hint: "Destroy machines that are not needed." };
  if (code === "PROVIDER_AUTH") return { hint: "Check the option `token`." };
  return {};
}

const namesOf = (choices: readonly { readonly name: string }[]): string =>
  choices.map(({ name }) => name).join(", ");

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw new CancelledError();
  });
}
