import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { makeKeyPair } from "../../../src/host/key-pair.ts";

export const MAIN = resolve(import.meta.dirname, "../../../src/cli/main.ts");

/** The development runtime: the runner itself may be an older one. */
export const NODE = resolve(import.meta.dirname, "../../../node_modules/.bin/node");

export interface ProgramResult {
  /** As a shell shows it: 128 and the signal's number where a signal ended the program. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  /** Resolves when standard output and error together have shown the text. */
  shown(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  closeOutput(): void;
  readonly result: Promise<ProgramResult>;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};

/** Starts the real program in a process of its own, without a terminal. */
export function startProgram(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const compiled = process.env["NODE_COMPILE_CACHE"];
  const child = spawn(NODE, [MAIN, ...argv], {
    cwd,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: cwd,
      USER: "ada",
      TMPDIR: cwd,
      // Where the run of the tests has one: each of these begins in half the time.
      ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
    tell();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
    tell();
  });
  const result = once(child, "close").then(
    ([status, signal]: (number | NodeJS.Signals | null)[]) => {
      tell();
      const number = typeof signal === "string" ? (SIGNAL_NUMBERS[signal] ?? 0) : 0;
      return { status: typeof status === "number" ? status : 128 + number, stdout, stderr };
    },
  );
  return {
    result,
    kill: (signal) => child.kill(signal),
    closeOutput: () => child.stdout.destroy(),
    shown: async (text) => {
      while (!`${stdout}${stderr}`.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`ended before it showed "${text}":\n${stdout}${stderr}`);
        }
        await new Promise<void>((done) => {
          const listener = (): void => {
            listeners.delete(listener);
            done();
          };
          listeners.add(listener);
        });
      }
    },
  };
}

/**
 * A directory with a config whose provider is written in the config itself.
 *
 * @param behaviour members of the provider that differ from one that makes machines at once
 * @param settings further fields of the stack
 */
export async function makeProject(behaviour: string, settings = ""): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "cli-"));
  const pair = makeKeyPair("bootmachine tests");
  await writeFile(join(directory, "operator-key"), pair.privateKey, { mode: 0o600 });
  await writeFile(join(directory, "operator-key.pub"), `${pair.publicKey}\n`);
  await writeFile(
    join(directory, "bootmachine.config.mts"),
    `import { defineStack, type Machine, type Provider } from "bootmachine";

const machine: Machine = {
  id: "m-1", stack: "shop", server: "web1", status: "running",
  publicAddresses: ["127.0.0.1"], privateAddresses: [], login: { user: "root", port: 9 },
  image: "none", size: "none",
};

const provider: Provider = {
  kind: "provider",
  apiVersion: 1,
  name: "inline",
  capabilities: { creates: true, reboots: false, console: true, images: true, sizes: true, identity: ["pinned"] },
  observe: async () => [],
  list: async () => [],
  ensure: async () => machine,
  identity: async () => ({ proof: "pinned", keys: [] }),
  destroy: async () => ({ existed: true }),
  reboot: async () => {},
  console: async () => "first line\\n\\u001B[31mlast line\\u001B[0m\\n",
  images: async () => [{ name: "none", title: "No image" }],
  sizes: async () => [{ name: "none", cpus: 1, memoryMb: 512 }],
  check: () => [],
  ${behaviour}
};

export default defineStack({
  name: "shop",
  provider,
  ssh: { port: 2849, identityFile: "operator-key" },
  operator: "ada",
  users: [{ name: "ada", sudo: "nopasswd", keys: [{ file: "operator-key.pub" }] }],
  servers: [{ name: "web1", roles: ["web"] }, { name: "web2" }],
  ${settings}
  tasks: {
    greet: { description: "Say hello", run: ({ args, log }) => log("hello " + args.join(" ")) },
  },
});
`,
  );
  return directory;
}
