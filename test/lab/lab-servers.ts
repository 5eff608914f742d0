import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Machine, Provider, ProviderContext } from "../../src/providers/contract.ts";
import { local } from "../../src/providers/local/local.ts";
import type { LocalOptions } from "../../src/providers/local/options.ts";
import type { SshOptions, SshTarget } from "../../src/transport/contract.ts";
import { allEnded } from "./all-ended.ts";
import { QUICK_LOGINS } from "./quick-logins.ts";

const run = promisify(execFile);

export interface LabRequest {
  /** Prefix of the stack's name; a random end makes it unique. */
  readonly name: string;
  readonly servers: readonly {
    readonly name: string;
    /** Default "debian-12". */
    readonly image?: string;
    readonly size?: string;
  }[];
  readonly provider?: LocalOptions;
}

export interface LabServer {
  readonly name: string;
  readonly machine: Machine;
  readonly address: string;
  readonly target: SshTarget;
  readonly sshOptions: SshOptions;
  /** `TYPE BASE64`. */
  readonly hostKey: string;
}

export interface Lab {
  readonly stack: string;
  readonly provider: Provider;
  readonly context: ProviderContext;
  readonly servers: readonly LabServer[];
  /** The server of this name. */
  server(name: string): LabServer;
  /** Everything of this lab: keys, known_hosts, the ssh control sockets of the test. */
  readonly directory: string;
  readonly identityFile: string;
  readonly publicKey: string;
  readonly knownHostsFile: string;
  /** Runs a command as root by plain ssh, past our own transport: to look at a server from the side. */
  ssh(server: string, command: string, options?: SshLook): Promise<SshLookResult>;
  /** Destroys the servers and removes the directory. Never fails half-way without having tried the rest. */
  stop(): Promise<void>;
}

export interface SshLook {
  readonly port?: number;
  readonly user?: string;
  readonly timeoutMs?: number;
}

export interface SshLookResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Stands in a lab's directory from before its first server on. */
const LAB_FILE = "lab.json";

/** Boots real local servers with a fresh key and waits until their ssh servers answer. */
export async function startLabServers(request: LabRequest): Promise<Lab> {
  const stack = `${request.name}-${randomBytes(3).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), "lab-"));
  const identityFile = join(directory, "id");
  const knownHostsFile = join(directory, "known_hosts");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", identityFile]);
  const publicKey = (await readFile(`${identityFile}.pub`, "utf8")).trim();
  const provider = local(request.provider);
  const context: ProviderContext = {
    stack,
    signal: AbortSignal.timeout(900_000),
    progress: () => undefined,
  };
  const servers: LabServer[] = [];

  const lab: Lab = {
    stack,
    provider,
    context,
    servers,
    directory,
    identityFile,
    publicKey,
    knownHostsFile,
    server: (name) => {
      const found = servers.find((server) => server.name === name);
      if (found === undefined) throw new Error(`The lab has no server ${name}.`);
      return found;
    },
    ssh: async (name, command, look = {}) => {
      const { address } = lab.server(name);
      const args = [
        "-F",
        QUICK_LOGINS,
        "-i",
        identityFile,
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "BatchMode=yes",
        "-o",
        `UserKnownHostsFile=${knownHostsFile}`,
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        `HostKeyAlias=${name}`,
        "-o",
        "ConnectTimeout=5",
        "-o",
        "LogLevel=ERROR",
        "-p",
        String(look.port ?? 22),
        `${look.user ?? "root"}@${address}`,
        command,
      ];
      try {
        const { stdout, stderr } = await run("ssh", args, { timeout: look.timeoutMs ?? 60_000 });
        return { status: 0, stdout, stderr };
      } catch (error) {
        const failed = error as { code?: unknown; stdout?: string; stderr?: string };
        return {
          status: typeof failed.code === "number" ? failed.code : 255,
          stdout: failed.stdout ?? "",
          stderr: failed.stderr ?? "",
        };
      }
    },
    stop: async () => {
      const names = new Set(request.servers.map((server) => server.name));
      const calm: ProviderContext = { ...context, signal: AbortSignal.timeout(120_000) };
      const outcomes = await Promise.allSettled(
        [...names].map(async (name) => await provider.destroy(name, calm)),
      );
      await provider.destroyShared?.(calm);
      await rm(directory, { recursive: true, force: true });
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    },
  };
  await writeFile(join(directory, LAB_FILE), JSON.stringify({ stack, options: request.provider }));

  try {
    const booted = await allEnded(
      request.servers.map(async (server): Promise<LabServer> => {
        const machine = await provider.ensure(
          {
            server: server.name,
            roles: [],
            image: server.image ?? "debian-12",
            ...(server.size === undefined ? {} : { size: server.size }),
            bootstrapKeys: [publicKey],
            token: randomBytes(8).toString("hex"),
          },
          context,
        );
        const { keys } = await provider.identity(machine, context);
        const address = machine.publicAddresses[0] ?? "";
        return {
          name: server.name,
          machine,
          address,
          hostKey: keys[0] ?? "",
          target: { server: server.name, address, port: 22, user: "root" },
          sshOptions: {
            knownHostsFile,
            hostKeyAlias: server.name,
            identityFile,
            configFile: QUICK_LOGINS,
            connectTimeoutMs: 10_000,
          },
        };
      }),
    );
    servers.push(...booted);
    const lines = servers.map((server) => `${server.name} ${server.hostKey}\n`);
    await writeFile(knownHostsFile, lines.join(""), { mode: 0o600 });
    await Promise.all(servers.map(async (server) => await waitForSsh(lab, server.name)));
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** Waits until root gets in, at most a minute. */
export async function waitForSsh(lab: Lab, server: string, look: SshLook = {}): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const result = await lab.ssh(server, "true", look);
    if (result.status === 0) return;
    if (Date.now() > deadline) throw new Error(`${server} lets nobody in: ${result.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * For the global teardown: destroys the servers of labs below a directory that were never stopped (their test was
 * killed), and returns the names of their stacks.
 */
export async function destroyLeftLabs(directory: string): Promise<readonly string[]> {
  const stacks: string[] = [];
  for (const name of await readdir(directory)) {
    const text = await readFile(join(directory, name, LAB_FILE), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const { stack, options } = JSON.parse(text) as { stack: string; options?: LocalOptions };
    const provider = local(options);
    const context: ProviderContext = {
      stack,
      signal: AbortSignal.timeout(120_000),
      progress: () => undefined,
    };
    for (const { server } of await provider.observe(context))
      await provider.destroy(server, context);
    await provider.destroyShared?.(context);
    await rm(join(directory, name), { recursive: true, force: true });
    stacks.push(stack);
  }
  return stacks;
}
