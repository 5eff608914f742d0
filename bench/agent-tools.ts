import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { serveRepository } from "../test/lab/apt/serve-repository.ts";
import { buildSaltRepository } from "../test/lab/salt/salt-repository.ts";
import type { BenchStack } from "./bench-stack.ts";
import { readDesiredState } from "./desired-state.ts";
import { measureGood, median } from "./measure.ts";

/** Tools with a master and an agent on each server. */
export type AgentTool = "salt" | "puppet";

export interface ToolResults {
  readonly servers: number;
  /** From secured servers to configured ones. */
  readonly firstMs: number;
  readonly firstByHandMs: number;
  /** A look that changes nothing, at the baseline and the tool. */
  readonly checkMs: number;
  readonly checkByHandMs: number;
  readonly checks: number;
}

export interface PreparedTool {
  /** What differs in the config. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A folder for the script, with what it needs. */
  readonly work: string;
  close(): Promise<void>;
}

const KITS = resolve(import.meta.dirname, "../src/configurators");
const MASTER = "s1";
const CHECKS = 5;

/** What else the hand-written check looks at: the same as the tool's own checks of bootmachine. */
const TOOL_CHECKS: Readonly<Record<AgentTool, string>> = {
  salt: `for unit in salt-minion $([ ! -e /usr/bin/salt-master ] || echo salt-master); do
	[ "$(systemctl is-active $unit)" = active ] || bad "$unit does not run"
	[ "$(systemctl is-enabled $unit)" = enabled ] || bad "$unit does not start at boot"
done
ss -Htn state established 'dport = :4505' | grep -q . || bad 'the minion is not logged in'
[ ! -d /etc/salt/pki/master ] || [ "$(ls /etc/salt/pki/master/minions | wc -l)" = SERVERS ] || bad keys
`,
  puppet: `for unit in puppet $([ ! -e /usr/bin/puppetserver ] || echo puppetserver); do
	[ "$(systemctl is-active $unit)" = active ] || bad "$unit does not run"
	[ "$(systemctl is-enabled $unit)" = enabled ] || bad "$unit does not start at boot"
done
[ ! -d /etc/puppet/puppetserver/ca ] || [ "$(ls /etc/puppet/puppetserver/ca/signed | wc -l)" = SERVERS ] || bad certificates
grep -q '^ *failed: 0' /var/cache/puppet/public/last_run_summary.yaml || bad 'the last run'
`,
};

/** What a stack of the tool needs before it is made. */
export async function prepareAgentTool(tool: AgentTool, servers: number): Promise<PreparedTool> {
  const work = mkdtempSync(join(tmpdir(), "bmb-"));
  const stack = {
    master: MASTER,
    upgrades: { atBoot: "none" },
    servers: [
      { name: MASTER, image: "debian-12", roles: ["web"], size: "large" },
      ...Array.from({ length: servers - 1 }, (_, index) => ({
        name: `s${index + 2}`,
        image: "debian-12",
        roles: ["web"],
      })),
    ],
  };
  if (tool === "puppet") {
    return {
      config: {
        ...stack,
        configurator: { name: "puppet", packages: "distro", tree: "./puppet", heapMb: 512 },
      },
      work,
      close: async () => rmSync(work, { recursive: true }),
    };
  }
  const repository = await serveRepository(await buildSaltRepository());
  writeFileSync(join(work, "url"), `${repository.url}\n`);
  writeFileSync(join(work, "key.asc"), repository.key);
  return {
    config: {
      ...stack,
      configurator: { name: "salt", repository: { url: repository.url, key: repository.key } },
    },
    work,
    async close() {
      await repository.stop();
      rmSync(work, { recursive: true });
    },
  };
}

/**
 * One master and the others, all secured. The tool is brought there once, so that packages are in the cache and the data is
 * known, and is taken away again; then by hand, and taken away; then by bootmachine. Last come the checks.
 */
export async function measureAgentTool(
  tool: AgentTool,
  stack: BenchStack,
  { work }: PreparedTool,
): Promise<ToolResults> {
  cpSync(join(KITS, tool, "starter-kit"), join(stack.directory, tool), { recursive: true });
  await stack.bootmachine("secure", "--yes");
  const byHand = (verb: string, ...words: readonly string[]) =>
    measureGood("sh", [
      join(import.meta.dirname, `handwritten-${tool}.sh`),
      verb,
      stack.sshConfig,
      ...words,
    ]);
  await stack.bootmachine("configure", "--yes");
  await byHand("save", work, MASTER);
  await byHand("remove", ...stack.servers);
  const address = await addressOf(stack, MASTER);
  const hand = await byHand("first", work, MASTER, address, ...stack.servers);
  await byHand("remove", ...stack.servers);
  const ours = await stack.bootmachine("configure", "--yes");
  await stack.bootmachine("up", "--yes");

  const desired = [MASTER, "s2"].map((server) => {
    const folder = join(work, `desired-${server}`);
    mkdirSync(folder);
    readDesiredState(stack.sshConfig, server, folder);
    writeFileSync(
      join(folder, "tool"),
      TOOL_CHECKS[tool].replaceAll("SERVERS", String(stack.servers.length)),
    );
    return folder;
  });
  const script = join(import.meta.dirname, "handwritten-check.sh");
  // The master's firewall is another one: its check is another process, at the same time.
  const check = () =>
    measureGood("sh", [
      "-c",
      `script=$1 config=$2 master=$3 others=$4; shift 4
sh "$script" "$config" "$master" ${MASTER} & first=$!
sh "$script" "$config" "$others" "$@" & second=$!
wait $first && wait $second`,
      "sh",
      script,
      stack.sshConfig,
      ...desired,
      ...stack.servers.filter((server) => server !== MASTER),
    ]);
  const looks: number[] = [];
  const looksByHand: number[] = [];
  await check();
  for (let run = 0; run < CHECKS; run += 1) {
    looksByHand.push((await check()).ms);
    looks.push((await stack.bootmachine("up", "--yes")).ms);
  }
  return {
    servers: stack.servers.length,
    firstMs: ours.ms,
    firstByHandMs: hand.ms,
    checkMs: median(looks),
    checkByHandMs: median(looksByHand),
    checks: CHECKS,
  };
}

async function addressOf(stack: BenchStack, server: string): Promise<string> {
  const { output } = await stack.bootmachine("inventory", "--format", "json");
  const { servers } = JSON.parse(output) as {
    readonly servers: readonly {
      readonly server: string;
      readonly publicAddresses: readonly string[];
      readonly privateAddresses: readonly string[];
    }[];
  };
  const found = servers.find((entry) => entry.server === server);
  return [...(found?.privateAddresses ?? []), ...(found?.publicAddresses ?? [])][0] ?? "";
}
