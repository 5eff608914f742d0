import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ProviderContext } from "../../src/providers/contract.ts";
import { runCommand } from "../../src/providers/local/command.ts";
import { chooseSources, imageStore } from "../../src/providers/local/image-store.ts";
import { local } from "../../src/providers/local/local.ts";
import type { LocalProvider } from "../../src/providers/local/local-provider.ts";
import { withLock } from "../../src/providers/local/lock.ts";
import {
  addMachine,
  type MachineRecord,
  writeMachine,
} from "../../src/providers/local/machine-store.ts";
import { chooseNetwork, ipv6For } from "../../src/providers/local/network-plan.ts";
import { ensureNetwork } from "../../src/providers/local/network.ts";
import {
  type LocalOptions,
  type LocalSettings,
  localOptionsSchema,
} from "../../src/providers/local/options.ts";
import {
  aptCacheFiles,
  ensurePackageCache,
} from "../../src/providers/local/package-cache-process.ts";
import {
  type LocalPaths,
  localPaths,
  machineDirectory,
  machineId,
} from "../../src/providers/local/paths.ts";
import { readResolver } from "../../src/providers/local/resolver.ts";
import { writeResolver, writeServerFiles } from "../../src/providers/local/server-files.ts";
import { readConsole, startServer } from "../../src/providers/local/supervisor.ts";

/** A server that a control plane says to run, of which it keeps no more than this. */
export interface ServerRecord {
  /** The control plane's own: letters, digits and hyphens. */
  readonly id: string;
  /** IPv4, of the network that the servers are started with. */
  readonly address: string;
  /** As text, not in base64; empty where it was given none. */
  readonly userData: string;
  readonly hostname: string;
}

export interface RecordServersOptions {
  /** The IPv4 network that the records' addresses are of; its first address is this computer's. See `freeNetwork`. */
  readonly network: string;
  /** Default "debian-12". */
  readonly image?: string;
  /** All servers that should run now. Asked for again and again; may fail for half a minute. */
  readonly records: () => Promise<readonly ServerRecord[]>;
  /** Between two looks at the records. Default 500. */
  readonly pauseMs?: number;
}

/** As in the distros' cloud images: root does not log in, and the host keys are made anew, or taken from the user-data. */
const CLOUD_SETTINGS = `datasource_list: [NoCloud]
network: {config: disabled}
`;

const STACK = "records";
const PATIENCE_MS = 30_000;
/** An answer that never comes is a failed look, not the end of all looks. */
const LOOK_LIMIT_MS = 10_000;

async function withLimit<T>(look: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_done, fail) => {
    timer = setTimeout(
      () => fail(new Error(`the records were not read within ${LOOK_LIMIT_MS} ms`)),
      LOOK_LIMIT_MS,
    );
  });
  try {
    return await Promise.race([look, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Gives each record of a control plane that boots nothing a real server of this computer: with real cloud-init, that
 * user-data, at that address. What has no record any more is removed.
 */
export class RecordServers {
  readonly #options: RecordServersOptions;
  readonly #provider: LocalProvider;
  readonly #settings: LocalSettings;
  readonly #paths: LocalPaths;
  readonly #directory: string;
  readonly #image: string;
  readonly #here = new Map<string, ServerRecord>();
  readonly #stopping = new AbortController();
  readonly #problems: unknown[] = [];
  #loop: Promise<void> = Promise.resolve();

  private constructor(
    options: RecordServersOptions,
    local_: { readonly options: LocalOptions; readonly directory: string; readonly image: string },
  ) {
    this.#options = options;
    this.#provider = local(local_.options);
    this.#settings = localOptionsSchema.parse(local_.options);
    this.#paths = localPaths(this.#settings);
    this.#directory = local_.directory;
    this.#image = local_.image;
  }

  /** Builds the image where it is not cached, and begins to look at the records. */
  static async start(options: RecordServersOptions): Promise<RecordServers> {
    // A directory that the lab's teardown knows: what a killed test left is destroyed from there.
    const directory = await mkdtemp(join(tmpdir(), "records-"));
    const localOptions: LocalOptions = {
      stateDirectory: join("/var/tmp", `bootmachine-records-${randomBytes(4).toString("hex")}`),
      network: options.network,
      // The image is one with cloud-init.
      userData: "#cloud-config\n{}\n",
    };
    await writeFile(
      join(directory, "lab.json"),
      JSON.stringify({ stack: STACK, options: localOptions }),
    );
    const settings = localOptionsSchema.parse(localOptions);
    const image = await imageStore(settings, localPaths(settings)).ensure(
      options.image ?? "debian-12",
      context(),
    );
    const servers = new RecordServers(options, { options: localOptions, directory, image });
    servers.#loop = servers.#follow();
    return servers;
  }

  /** What the server's console has shown; undefined where no server runs for this record. */
  async console(id: string): Promise<string | undefined> {
    if (!this.#here.has(id)) return undefined;
    return await readConsole(machineDirectory(this.#paths, STACK, id));
  }

  /** Nothing happens where no server runs for this record. */
  async reboot(id: string, how: "soft" | "hard"): Promise<void> {
    const machines = await this.#provider.observe(context());
    const machine = machines.find(({ server }) => server === id);
    if (machine !== undefined) await this.#provider.reboot(machine, how, context());
  }

  /** The network of the servers and this computer. */
  get network(): string {
    return this.#options.network;
  }

  /** The records that have a server. */
  get ids(): readonly string[] {
    return [...this.#here.keys()];
  }

  /** Removes all servers. @throws what went wrong in between. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    for (const { server } of await this.#provider.observe(context()))
      await this.#provider.destroy(server, context());
    await this.#provider.destroyShared?.(context());
    await rm(this.#directory, { recursive: true, force: true });
    await rm(this.#paths.state, { recursive: true, force: true });
    if (this.#problems.length > 0) throw new AggregateError(this.#problems, "record servers");
  }

  async #follow(): Promise<void> {
    let failingSince: number | undefined;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#match(await withLimit(this.#options.records()));
        failingSince = undefined;
      } catch (error) {
        failingSince ??= Date.now();
        if (Date.now() - failingSince > PATIENCE_MS) {
          this.#problems.push(error);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, this.#options.pauseMs ?? 500));
    }
  }

  /** First removes, then boots: an address may belong to another record by now. */
  async #match(records: readonly ServerRecord[]): Promise<void> {
    const wanted = new Set(records.map(({ id }) => id));
    for (const id of this.#here.keys()) {
      if (wanted.has(id)) continue;
      await this.#provider.destroy(id, context());
      this.#here.delete(id);
    }
    for (const record of records) {
      if (this.#here.has(record.id)) continue;
      await this.#boot(record);
      this.#here.set(record.id, record);
    }
  }

  /** Half done, it is done again by the next look. */
  async #boot(record: ServerRecord): Promise<void> {
    const paths = this.#paths;
    const { signal } = context();
    const directory = machineDirectory(paths, STACK, record.id);
    await this.#provider.destroy(record.id, context());
    await withLock(
      paths.lock,
      { what: "The record servers", signal, onWait: () => undefined },
      async () => {
        const network = await ensureNetwork(this.#settings, paths, signal);
        const sources = await chooseSources(this.#settings);
        const machine: MachineRecord = {
          madeBy: "bootmachine",
          format: 1,
          id: machineId(this.#settings, STACK, record.id),
          stack: STACK,
          server: record.id,
          token: record.id,
          image: this.#options.image ?? "debian-12",
          imageDirectory: this.#image,
          size: "unlimited",
          uuid: randomBytes(16).toString("hex"),
          address: record.address,
          address6: ipv6For(network.prefix6, network.network, record.address),
          hostKey: "none",
          createdAt: new Date().toISOString(),
          state: "made",
        };
        await addMachine(paths, { ...machine, state: "making" });
        const files = { ...machine, server: record.hostname };
        const cache = aptCacheFiles(network, sources);
        const userData = record.userData === "" ? "#cloud-config\n{}\n" : record.userData;
        await writeServerFiles(directory, files, network, [], "", cache, userData);
        await makeCloudLike(join(directory, "upper"));
        await writeMachine(paths, machine);
        await writeResolver(directory, machine, await readResolver());
        await ensurePackageCache(paths, network, sources, signal);
        await startServer(paths, machine, network, signal);
      },
    );
  }
}

/** A local server has its key and root's way in from the beginning; a cloud's server has them from its user-data alone. */
async function makeCloudLike(upper: string): Promise<void> {
  for (const path of [
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "root/.ssh",
  ])
    await rm(join(upper, path), { recursive: true, force: true });
  await writeFile(join(upper, "etc/cloud/cloud.cfg.d/95-bootmachine-local.cfg"), CLOUD_SETTINGS);
}

function context(): ProviderContext {
  return { stack: STACK, signal: AbortSignal.timeout(1_800_000), progress: () => undefined };
}

/** A private network of 254 addresses that no route of this computer leads to. Chosen by chance: others choose as well. */
export async function freeNetwork(): Promise<string> {
  const { stdout } = await runCommand(["ip", "-json", "-4", "route", "show", "table", "all"]);
  const routes = JSON.parse(stdout === "" ? "[]" : stdout) as readonly { readonly dst: string }[];
  const inUse = routes.map(({ dst }) => dst).filter((dst) => /^[0-9]+\./.test(dst));
  const candidates = Array.from(
    { length: 50 },
    () => `10.${randomInt(128, 196)}.${randomInt(256)}.0/24`,
  );
  const network = chooseNetwork(inUse, candidates);
  if (network === undefined) throw new Error("no private network is free");
  return network;
}
