import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { measure, measureGood } from "./measure.ts";

/** The built command, as users get it. */
export const MAIN = resolve(import.meta.dirname, "../dist/cli/main.js");
/** Of ssh, on secured servers. */
export const PORT = 2849;

export interface BenchStack {
  readonly name: string;
  readonly directory: string;
  readonly servers: readonly string[];
  readonly sshConfig: string;
  /** Runs the built command in the stack's directory. */
  bootmachine(
    ...words: readonly string[]
  ): Promise<{ readonly ms: number; readonly output: string; readonly peakMb: number }>;
}

// A bench that is stopped takes its servers down as well.
const openStacks = new Set<string>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const directory of openStacks) {
      spawnSync(process.execPath, [MAIN, "destroy", "--yes"], { cwd: directory, stdio: "inherit" });
    }
    process.kill(process.pid, signal);
  });
}

/**
 * Makes a stack's directory and destroys its servers at the end, whatever happens in between.
 *
 * @param config beside name, key and operator: provider, servers …; the servers are called s1, s2 …
 */
export async function withStack<T>(
  name: string,
  config: Readonly<Record<string, unknown>>,
  work: (stack: BenchStack) => Promise<T>,
): Promise<T> {
  await clearKernelCaches();
  const directory = mkdtempSync(join(tmpdir(), "bmb-"));
  const key = join(directory, "key");
  await measureGood("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", key]);
  writeFileSync(
    join(directory, "bootmachine.config.yaml"),
    JSON.stringify({
      name,
      ssh: { port: PORT, identityFile: "./key", configFile: "none" },
      operator: "ada",
      users: [{ name: "ada", fullName: "Ada Lovelace", sudo: "nopasswd", keys: ["./key.pub"] }],
      ...config,
    }),
  );
  const bootmachine = (...words: readonly string[]) =>
    measureGood(process.execPath, [MAIN, ...words], { cwd: directory, env: { SSH_AUTH_SOCK: "" } });
  openStacks.add(directory);
  try {
    return await work({
      name,
      directory,
      servers: namesOf(config),
      sshConfig: join(directory, ".bootmachine", name, "ssh_config"),
      bootmachine,
    });
  } finally {
    openStacks.delete(directory);
    await measure(process.execPath, [MAIN, "destroy", "--yes"], { cwd: directory });
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * What servers that are gone left in the kernel's caches keeps their memory cgroups, and each of those makes the work of later
 * servers slower: after thirty servers an installation by apt was seen to take 12 s instead of 6, by system time alone. Without
 * this, whichever side is measured later looks worse.
 */
async function clearKernelCaches(): Promise<void> {
  await measureGood("sync", []);
  writeFileSync("/proc/sys/vm/drop_caches", "3\n");
}

function namesOf(config: Readonly<Record<string, unknown>>): readonly string[] {
  const servers = config["servers"] as readonly { readonly count?: number }[];
  const count = servers.reduce((sum, each) => sum + (each.count ?? 1), 0);
  return Array.from({ length: count }, (_, index) => `s${index + 1}`);
}
