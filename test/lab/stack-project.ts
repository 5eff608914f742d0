import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { execFile } from "node:child_process";

import { stringify } from "yaml";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { QUICK_LOGINS } from "./quick-logins.ts";

const run = promisify(execFile);

/** The command as its source: the same code that the package ships, without a build in between. */
const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");

/** No command of a test may take longer than this, in milliseconds. */
const COMMAND_LIMIT_MS = 1_500_000;

export interface CommandResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Events, where the command was run with `--json`. */
  readonly events: readonly FleetEvent[];
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly result: Promise<CommandResult>;
}

/** What a command wrote of failures, and the end of it all, for the message of a test that fails. */
export function story(result: Pick<CommandResult, "stdout" | "stderr">): string {
  const lines = result.stdout.split("\n");
  const failures = lines.slice(0, -60).filter((line) => /FAILED|"error"/.test(line));
  return `${[...failures, ...lines.slice(-60)].join("\n")}\n${result.stderr}`;
}

/**
 * A user's directory with a config and a key pair, and the real command run in it as its own process.
 * `remove` destroys the servers and the directory, whatever state they are in.
 */
export class StackProject {
  readonly directory: string;
  readonly name: string;
  config: Record<string, unknown>;
  readonly #running = new Set<RunningCommand>();

  private constructor(directory: string, name: string, config: Record<string, unknown>) {
    this.directory = directory;
    this.name = name;
    this.config = config;
  }

  static async create(
    prefix: string,
    servers: readonly Record<string, unknown>[],
    extra: Record<string, unknown> = {},
  ): Promise<StackProject> {
    const directory = await mkdtemp(join(tmpdir(), "bootmachine-lab-"));
    await run("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "lab",
      "-f",
      join(directory, "id"),
    ]);
    const name = `${prefix}-${randomBytes(3).toString("hex")}`;
    const project = new StackProject(directory, name, {
      name,
      provider: "local",
      operator: "ada",
      users: [{ name: "ada", fullName: "Ada Lovelace", sudo: "nopasswd", keys: ["./id.pub"] }],
      ssh: { port: 2849, identityFile: "./id", configFile: QUICK_LOGINS, rollbackSeconds: 30 },
      servers,
      ...extra,
    });
    await project.write();
    return project;
  }

  /** Writes the config as it is now. */
  async write(): Promise<void> {
    await writeFile(join(this.directory, "bootmachine.config.yaml"), stringify(this.config));
  }

  /** For long runs beside others on a small computer: nothing in them is about the limit of the access change. */
  async bePatient(): Promise<void> {
    const ssh = this.config["ssh"] as Record<string, unknown>;
    this.config = { ...this.config, ssh: { ...ssh, rollbackSeconds: 180 } };
    await this.write();
  }

  start(
    args: readonly string[],
    options: {
      readonly env?: Record<string, string>;
      /** Where it is run; default: the project's own. */
      readonly directory?: string;
      readonly onEvent?: (event: FleetEvent, child: ChildProcess) => void;
    } = {},
  ): RunningCommand {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: options.directory ?? this.directory,
      env: { ...process.env, NO_COLOR: "1", SSH_AUTH_SOCK: "", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: a signal to it reaches the command's ssh as well.
      detached: true,
      timeout: COMMAND_LIMIT_MS,
    });
    const lines: string[] = [];
    const events: FleetEvent[] = [];
    const stderr: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      // A document is indented, and begins with the brace alone.
      if (!args.includes("--json") || !line.startsWith('{"')) return;
      const event = JSON.parse(line) as FleetEvent;
      events.push(event);
      options.onEvent?.(event, child);
    });
    const result = new Promise<CommandResult>((done, fail) => {
      child.once("error", fail);
      child.once("close", (status, signal) => {
        done({
          status,
          signal,
          stdout: lines.join("\n"),
          stderr: Buffer.concat(stderr).toString(),
          events,
        });
      });
    });
    const command = { child, result };
    this.#running.add(command);
    child.once("close", () => this.#running.delete(command));
    return command;
  }

  run(...args: readonly string[]): Promise<CommandResult> {
    return this.start(args).result;
  }

  /** Runs shell text as root on a server by the product's own ssh_config. */
  async onServer(
    server: string,
    script: string,
  ): Promise<{ readonly status: number; readonly stdout: string }> {
    const file = join(this.directory, ".bootmachine", this.name, "ssh_config");
    try {
      const { stdout } = await run(
        "ssh",
        [
          "-F",
          file,
          "-o",
          "BatchMode=yes",
          "-o",
          "KexAlgorithms=curve25519-sha256",
          server,
          "sudo",
          "-n",
          "sh",
          "-c",
          `'${script.replaceAll("'", String.raw`'\''`)}'`,
        ],
        { timeout: 300_000 },
      );
      return { status: 0, stdout };
    } catch (error) {
      const { code, stdout } = error as { readonly code?: number; readonly stdout?: string };
      return { status: code ?? -1, stdout: stdout ?? "" };
    }
  }

  readState(file: string): Promise<string> {
    return readFile(join(this.directory, ".bootmachine", this.name, file), "utf8");
  }

  async remove(): Promise<void> {
    // Of a test that has reached its limit: it would keep the stack's lock, and its servers.
    for (const { child, result } of this.#running) {
      const isAlive = child.exitCode === null && child.signalCode === null;
      if (isAlive && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await result;
    }
    const result = await this.run("destroy", "--yes");
    if (result.status !== 0)
      throw new Error(`destroy of ${this.name} failed:\n${result.stdout}\n${result.stderr}`);
    await rm(this.directory, { recursive: true, force: true });
  }
}
