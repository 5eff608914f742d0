import { setTimeout as sleep } from "node:timers/promises";

import {
  CancelledError,
  ProviderError,
  RefusedError,
  TimeoutError,
  UserError,
} from "../errors/error.ts";
import type {
  Machine,
  MachineRequest,
  Provider,
  ProviderContext,
  WishProblem,
} from "../providers/contract.ts";
import { imageOf, imageText, sizeOf, sizeText } from "../stack/wishes.ts";
import { FakeCloud, type FakeServer } from "./fake-cloud.ts";

export interface FakeProviderOptions {
  /** Where the machines are. Default: a cloud of its own, in memory. */
  readonly cloud?: FakeCloud;
  /** Limit of one call, ms; an answer that takes longer counts as lost. Default 200. */
  readonly callTimeoutMs?: number;
  /** Limit for an address, ms. Default 5000. */
  readonly addressTimeoutMs?: number;
}

const IMAGES = ["debian-13", "debian-12"].map((name) => ({ name, title: name, distro: name }));
const SIZES = [
  { name: "small", cpus: 1, memoryMb: 1024, isDefault: true },
  { name: "large", cpus: 4, memoryMb: 8192 },
];

/** A provider over a fake cloud: for tests of what stands above providers, and a model of how to write one. */
export function fakeProvider(options: FakeProviderOptions = {}): Provider {
  const { cloud = new FakeCloud(), callTimeoutMs = 200, addressTimeoutMs = 5000 } = options;
  const ongoing = new Map<string, Promise<unknown>>();

  /** One call: bounded, ended by the signal, and repeated after a rate limit, when the cloud says, and where a look failed. */
  async function call<T>(
    what: string,
    context: ProviderContext,
    work: () => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      if (context.signal.aborted) throw new CancelledError();
      try {
        return await bounded(what, context.signal, work());
      } catch (error) {
        const wait = pauseAfter(error, what, attempt);
        if (wait === undefined || attempt === 5) throw error;
        context.progress(`the provider is called again in ${wait} ms`);
        await pause(wait, context.signal);
      }
    }
  }

  async function bounded<T>(what: string, signal: AbortSignal, promise: Promise<T>): Promise<T> {
    const timer = new AbortController();
    const either = AbortSignal.any([signal, timer.signal]);
    const limit = sleep(callTimeoutMs, undefined, { signal: either }).then(
      () => {
        throw new TimeoutError(`The answer to "${what}" did not come.`, callTimeoutMs);
      },
      () => {
        throw new CancelledError();
      },
    );
    try {
      return await Promise.race([promise, limit]);
    } finally {
      timer.abort();
    }
  }

  async function find(server: string, context: ProviderContext): Promise<FakeServer | undefined> {
    return (await findAll(server, context))[0];
  }

  /** The one that stays first: a create whose answer was lost may come through late. */
  async function findAll(server: string, context: ProviderContext): Promise<readonly FakeServer[]> {
    const servers = await call("list servers", context, async () => await cloud.listServers());
    return servers.filter((entry) => isOf(entry.tags, context.stack, server));
  }

  async function create(request: MachineRequest, context: ProviderContext): Promise<void> {
    const tags = {
      "made-by": "bootmachine",
      stack: context.stack,
      server: request.server,
      token: request.token,
    };
    const addresses = await call(
      "list addresses",
      context,
      async () => await cloud.listAddresses(),
    );
    const kept = addresses.find((entry) =>
      isOf(entry.tags, context.stack, request.server),
    )?.address;
    const address =
      kept ?? (await call("create address", context, async () => await cloud.createAddress(tags)));
    const name = `${context.stack}-${request.server}`;
    const wanted = {
      name,
      tags,
      address,
      image: imageOf(request.image ?? "debian-13", IMAGES)?.name ?? "",
      size: sizeOf(request.size ?? "small", SIZES)?.name ?? "",
    };
    try {
      await call("create server", context, async () => await cloud.createServer(wanted));
    } catch (error) {
      // Unknown is not "no": only a look tells. A name that is taken may be ours by another run's hand.
      const isUnknown = error instanceof TimeoutError;
      const isTaken = error instanceof ProviderError && error.code === "PROVIDER_CONFLICT";
      const isRefused = error instanceof ProviderError && error.code === "PROVIDER_QUOTA";
      if (!isUnknown && !isTaken && !isRefused) throw error;
      if (!isRefused && (await find(request.server, context)) !== undefined) return;
      if (kept === undefined)
        await call("delete address", context, async () => await cloud.deleteAddress(address));
      if (!isTaken) throw error;
      throw new RefusedError(
        "NOT_OURS",
        `A server ${name} exists at the provider, without our tags.`,
        {
          server: request.server,
          cause: error,
        },
      );
    }
  }

  async function ensure(request: MachineRequest, context: ProviderContext): Promise<Machine> {
    const [problem] = check(request);
    if (problem !== undefined) {
      const code = problem.about === "size" ? "SIZE_UNKNOWN" : "IMAGE_UNKNOWN";
      throw new UserError(code, problem.message, { server: request.server });
    }
    if ((await find(request.server, context)) === undefined) await create(request, context);
    const deadline = Date.now() + addressTimeoutMs;
    for (;;) {
      const [server, ...others] = await findAll(request.server, context);
      for (const { id } of others)
        await call("delete server", context, async () => await cloud.deleteServer(id));
      if (server === undefined) {
        throw new ProviderError("PROVIDER_NOT_FOUND", `${request.server} vanished.`, {
          server: request.server,
        });
      }
      if (server.state === "error") {
        throw new ProviderError("MACHINE_FAILED", `${request.server}: no host was found for it.`, {
          server: request.server,
        });
      }
      if (server.state === "off")
        await call("start", context, async () => await cloud.rebootServer(server.id));
      else if (server.address !== undefined) return toMachine(server);
      if (Date.now() > deadline) {
        throw new TimeoutError(`${request.server} got no address.`, addressTimeoutMs, {
          server: request.server,
        });
      }
      context.progress("waiting for an address");
      await pause(5, context.signal);
    }
  }

  const check: Provider["check"] = ({ image, size }) => {
    const problems: WishProblem[] = [];
    if (image !== undefined && imageOf(image, IMAGES) === undefined)
      problems.push({
        about: "image",
        message: `fake has no image ${imageText(image)}: it has ${namesOf(IMAGES)}`,
      });
    if (size !== undefined && sizeOf(size, SIZES) === undefined)
      problems.push({
        about: "size",
        message: `fake has no size ${sizeText(size)}: it has ${namesOf(SIZES)}`,
      });
    return problems;
  };

  const machines = async (context: ProviderContext): Promise<readonly Machine[]> =>
    (await call("list servers", context, async () => await cloud.listServers()))
      .filter((server) => server.tags["made-by"] === "bootmachine")
      .map(toMachine);

  return {
    kind: "provider",
    apiVersion: 1,
    name: "fake",
    capabilities: {
      creates: true,
      reboots: true,
      console: true,
      images: true,
      sizes: true,
      identity: ["published"],
    },
    observe: async (context) =>
      (await machines(context)).filter((machine) => machine.stack === context.stack),
    list: machines,
    ensure: async (request, context) => {
      // Within one process, one create at a time for a server; across processes, the unique name decides.
      const key = `${context.stack}/${request.server}`;
      const mine = (ongoing.get(key) ?? Promise.resolve()).then(
        async () => await ensure(request, context),
      );
      const settled = mine.then(
        () => undefined,
        () => undefined,
      );
      ongoing.set(key, settled);
      return await mine;
    },
    identity: async (machine, context) => {
      const server = await find(machine.server, context);
      if (server === undefined)
        throw new ProviderError("PROVIDER_NOT_FOUND", `${machine.server} is not there.`);
      return { proof: "published", keys: [server.hostKey] };
    },
    leftovers: async (context) => {
      const [servers, addresses] = [
        await call("list servers", context, async () => await cloud.listServers()),
        await call("list addresses", context, async () => await cloud.listAddresses()),
      ];
      return addresses.flatMap(({ address, tags: { server = "", ...tags } }) =>
        isOf({ ...tags, server }, context.stack, server) &&
        !servers.some((entry) => isOf(entry.tags, context.stack, server))
          ? [{ kind: "address", name: address, server }]
          : [],
      );
    },
    destroy: async (server, context) => {
      const found = await findAll(server, context);
      for (const { id } of found)
        await call("delete server", context, async () => await cloud.deleteServer(id));
      const addresses = await call(
        "list addresses",
        context,
        async () => await cloud.listAddresses(),
      );
      const own = addresses.filter((entry) => isOf(entry.tags, context.stack, server));
      for (const { address } of own) {
        await call("delete address", context, async () => await cloud.deleteAddress(address));
      }
      return { existed: found.length > 0 || own.length > 0 };
    },
    reboot: async (machine, _how, context) =>
      await call("reboot", context, async () => await cloud.rebootServer(machine.id)),
    console: async (machine, context) => {
      const server = await find(machine.server, context);
      return Array.from({ length: server?.boots ?? 0 }, (_, index) => `boot ${index + 1}\n`).join(
        "",
      );
    },
    images: async () => IMAGES,
    sizes: async () => SIZES,
    check,
  };
}

function isOf(tags: Readonly<Record<string, string>>, stack: string, server: string): boolean {
  return tags["made-by"] === "bootmachine" && tags["stack"] === stack && tags["server"] === server;
}

/** How long to wait before a call is repeated, ms; undefined: a repetition is no help, or might do harm. */
function pauseAfter(error: unknown, what: string, attempt: number): number | undefined {
  if (!(error instanceof ProviderError)) return undefined;
  if (error.retryAfterMs !== undefined) return error.retryAfterMs;
  const mayPass =
    error.code === "PROVIDER_RATE_LIMIT" ||
    (error.code === "PROVIDER_UNAVAILABLE" && what.startsWith("list"));
  return mayPass ? 5 * 2 ** attempt : undefined;
}

function namesOf(choices: readonly { readonly name: string }[]): string {
  return choices.map(({ name }) => name).join(", ");
}

function toMachine(server: FakeServer): Machine {
  const addresses = server.address === undefined ? [] : [server.address];
  const status = {
    building: "creating",
    active: "running",
    off: "stopped",
    error: "failed",
  } as const;
  return {
    id: server.id,
    stack: server.tags["stack"] ?? "",
    server: server.tags["server"] ?? "",
    status: status[server.state],
    ...(server.state === "error" ? { detail: "no host was found for it" } : {}),
    publicAddresses: addresses,
    privateAddresses: addresses,
    login: { user: "root", port: 22 },
    image: server.image,
    size: server.size,
    createdAt: server.createdAt,
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw new CancelledError();
  });
}
