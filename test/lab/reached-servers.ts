import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { pinHostKeys } from "../../src/host/known-hosts.ts";
import type { Machine, ProviderContext } from "../../src/providers/contract.ts";
import { local } from "../../src/providers/local/local.ts";
import type { Connection, SshOptions, SshTarget, Transport } from "../../src/transport/contract.ts";
import { openSsh } from "../../src/transport/open-ssh.ts";
import { allEnded } from "./all-ended.ts";
import { cutTablePrefix } from "./cut-tables.ts";
import { QUICK_LOGINS } from "./quick-logins.ts";

const execute = promisify(execFile);

/** Runs a program on this computer and returns its standard output. */
export async function here(program: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, words);
  return stdout;
}

/** Real servers of the local provider, their keys pinned, and the ways to reach them. */
export class ReachedServers {
  readonly directory: string;
  readonly transport: Transport;
  readonly knownHostsFile: string;
  readonly identityFile: string;
  readonly controlDirectory: string;
  /** Those asked for; the machine of one that failed half-way is destroyed as well. */
  readonly #servers: string[] = [];
  readonly #machines = new Map<string, Machine>();
  readonly #context: ProviderContext;
  readonly #provider = local();
  readonly #connections: Connection[] = [];
  /** The nftables table of this computer in which links are cut: no other test file uses it. */
  readonly #cutTable = `${cutTablePrefix(tmpdir())}${randomBytes(4).toString("hex")}`;

  private constructor(directory: string, stack: string) {
    this.directory = directory;
    this.knownHostsFile = join(directory, "known_hosts");
    this.identityFile = join(directory, "key");
    this.controlDirectory = join(directory, "c");
    this.transport = openSsh({ controlDirectory: this.controlDirectory });
    this.#context = {
      stack,
      signal: new AbortController().signal,
      progress: () => undefined,
    };
  }

  /** @param servers name → image */
  static async boot(
    stack: string,
    servers: Readonly<Record<string, string>>,
  ): Promise<ReachedServers> {
    const reached = new ReachedServers(await mkdtemp(join(tmpdir(), "bmt-")), stack);
    try {
      await here("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", reached.identityFile);
      const key = (await readFile(`${reached.identityFile}.pub`, "utf8")).trim();
      const missing = await reached.#provider.prerequisites?.(reached.#context);
      await missing?.install();
      await allEnded(
        Object.entries(servers).map(async ([server, image]) => {
          reached.#servers.push(server);
          const request = { server, roles: [], image, bootstrapKeys: [key], token: server };
          const machine = await reached.#provider.ensure(request, reached.#context);
          reached.#machines.set(server, machine);
          const { keys } = await reached.#provider.identity(machine, reached.#context);
          await pinHostKeys(reached.knownHostsFile, server, keys);
        }),
      );
      for (const server of Object.keys(servers)) await reached.#waitForSsh(server);
      return reached;
    } catch (error) {
      await reached.destroy();
      throw error;
    }
  }

  address(server: string): string {
    const [address] = this.addresses(server);
    if (address === undefined) throw new Error(`${server} has no address`);
    return address;
  }

  /** IPv4 first, then IPv6. */
  addresses(server: string): readonly string[] {
    return this.#machines.get(server)?.publicAddresses ?? [];
  }

  target(server: string, other: Partial<SshTarget> = {}): SshTarget {
    return { server, address: this.address(server), port: 22, user: "root", ...other };
  }

  options(server: string, other: Partial<SshOptions> = {}): SshOptions {
    return {
      knownHostsFile: this.knownHostsFile,
      hostKeyAlias: server,
      identityFile: this.identityFile,
      configFile: QUICK_LOGINS,
      // Two hops on a busy computer take some seconds.
      connectTimeoutMs: 15_000,
      ...other,
    };
  }

  /** A new link; closed at the end if the test does not. */
  async connect(server: string, other: Partial<SshTarget> = {}): Promise<Connection> {
    const connection = await this.transport.connect(
      this.target(server, other),
      this.options(server),
    );
    this.#connections.push(connection);
    return connection;
  }

  /** Runs a script as root over a link of its own; throws where it fails. */
  async onServer(server: string, script: string): Promise<string> {
    const connection = await this.connect(server);
    try {
      const { status, stdout, stderr } = await connection.run(script);
      if (status !== 0) throw new Error(`status ${status}: ${stdout}${stderr}`);
      return stdout;
    } finally {
      await connection.close();
    }
  }

  /** Drops every packet to and from a server, until `mend`. */
  async cut(server: string): Promise<void> {
    await this.mend();
    const address = this.address(server);
    await here("nft", "add", "table", "ip", this.#cutTable);
    for (const [hook, direction] of [
      ["input", "saddr"],
      ["output", "daddr"],
    ] as const) {
      await here(
        "nft",
        `add chain ip ${this.#cutTable} ${hook} { type filter hook ${hook} priority -300; }`,
      );
      await here("nft", `add rule ip ${this.#cutTable} ${hook} ip ${direction} ${address} drop`);
    }
  }

  async mend(): Promise<void> {
    await here("nft", "delete", "table", "ip", this.#cutTable).catch(() => undefined);
  }

  async destroy(): Promise<void> {
    await this.mend();
    await Promise.all(this.#connections.map((connection) => connection.close()));
    for (const server of this.#servers) {
      await this.#provider.destroy(server, this.#context);
    }
    await this.#provider.destroyShared?.(this.#context);
    await rm(this.directory, { recursive: true, force: true });
  }

  async #waitForSsh(server: string): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      try {
        const connection = await this.connect(server);
        await connection.close();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}
