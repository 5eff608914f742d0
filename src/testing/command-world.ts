import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import type { FleetEvent } from "../fleet/events.ts";
import { makeKeyPair } from "../host/key-pair.ts";
import type { ConfiguratorWorld, SuiteCommand } from "./configurator-world.ts";

export interface CommandWorldOptions {
  /**
   * The config's text for these servers; the first one is the master, where the tool has one. The private key `./id` is there,
   * and `./id.pub`: name them as `ssh.identityFile` and among a user's `keys`. Imports of your own need absolute paths.
   */
  config(servers: readonly string[]): string;
  /** Default "bootmachine.config.ts". */
  readonly configFile?: string;
  /** No command may take longer, ms; it is killed then, and its case fails. Default 30 minutes. */
  readonly commandLimitMs?: number;
}

/** The command of this package; as source where this is source. */
const MAIN = fileURLToPath(
  new URL(`../cli/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);
const COMMAND_LIMIT_MS = 30 * 60_000;

/**
 * A world for the suite of configurators, in a new folder below the temporary one: the config is written there, and the real
 * command is run in it as its own process.
 */
export async function commandWorld(options: CommandWorldOptions): Promise<ConfiguratorWorld> {
  const directory = await mkdtemp(join(tmpdir(), "bm-world-"));
  const { privateKey, publicKey } = makeKeyPair("suite");
  await writeFile(join(directory, "id"), privateKey, { mode: 0o600 });
  await writeFile(join(directory, "id.pub"), `${publicKey}\n`);
  const limitMs = options.commandLimitMs ?? COMMAND_LIMIT_MS;

  const run: ConfiguratorWorld["run"] = (words, onEvent) => {
    const child = spawn(process.execPath, [MAIN, ...words], {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
      killSignal: "SIGKILL",
    });
    const lines: string[] = [];
    const events: FleetEvent[] = [];
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const event = words.includes("--json") ? asEvent(line) : undefined;
      if (event === undefined) return;
      events.push(event);
      onEvent?.(event, (signal) => void child.kill(signal));
    });
    return new Promise<SuiteCommand>((done, fail) => {
      child.once("error", fail);
      child.once("close", (status) => done({ status, stdout: lines.join("\n"), stderr, events }));
    });
  };

  return {
    directory,
    useServers: (names) =>
      writeFile(
        join(directory, options.configFile ?? "bootmachine.config.ts"),
        options.config(names),
      ),
    run,
    async onServer(server, script) {
      const { stdout } = await run(["exec", "--json", "--root", server, "--", script]);
      const answer = JSON.parse(stdout) as { readonly status?: number; readonly stdout?: string };
      return { status: answer.status ?? -1, stdout: answer.stdout ?? "" };
    },
    async close() {
      const destroyed = await run(["destroy", "--yes"]);
      // What could not be destroyed needs the folder, to be destroyed by hand.
      if (destroyed.status !== 0) {
        throw new Error(
          `In ${directory}, destroy failed:\n${destroyed.stdout}\n${destroyed.stderr}`,
        );
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Events are a line each; other answers of `--json` are documents. */
function asEvent(line: string): FleetEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(line) as Partial<FleetEvent>;
    return typeof value.type === "string" && typeof value.at === "string"
      ? (value as FleetEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
