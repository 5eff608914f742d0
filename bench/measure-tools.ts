import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readDesiredState } from "./desired-state.ts";
import { measureGood, median } from "./measure.ts";
import type { ToolResults } from "./report.ts";
import { type BenchStack, withStack } from "./stacks.ts";
import { ansibleBench } from "./tools/ansible.ts";
import { chefBench } from "./tools/chef.ts";
import { puppetBench } from "./tools/puppet.ts";
import { saltBench } from "./tools/salt.ts";
import type { BenchTool } from "./tools/tool.ts";

/** Another tool takes its place here. */
export const BENCH_TOOLS: readonly BenchTool[] = [ansibleBench, chefBench, saltBench, puppetBench];

type Looks = Pick<ToolResults, "upMs" | "handCheckMs">;

const TOOLS = join(import.meta.dirname, "tools");
const CHECK = join(import.meta.dirname, "handwritten-check.sh");
/** Of the no-change runs, in turns. */
const RUNS = 5;
/** Of the way from secured to configured, on each side and in turns, each on servers of its own: the better one counts. */
const SAMPLES = 2;

/**
 * One tool on so many servers, the first of them the master: how long bootmachine takes from booted, secured servers to
 * configured ones, how long the same takes by hand, and what a look costs when there is nothing to do.
 */
export async function measureTool(tool: BenchTool, servers: number): Promise<ToolResults> {
  const folder = mkdtempSync(join(tmpdir(), "bmb-"));
  const prepared = await tool.prepare(folder);
  const configOf = (count: number): Readonly<Record<string, unknown>> => ({
    provider: "local",
    configurator: prepared.configurator,
    ...(tool.hasMaster ? { master: "s1" } : {}),
    firewall: [],
    servers: Array.from({ length: count }, (_, index) => ({
      name: `s${index + 1}`,
      image: tool.image,
      ...(index === 0 && tool.masterSize !== undefined ? { size: tool.masterSize } : {}),
    })),
  });
  const secured = <T>(
    name: string,
    work: (stack: BenchStack) => Promise<T>,
    count = servers,
  ): Promise<T> =>
    withStack(name, configOf(count), async (stack) => {
      for (const phase of ["boot", "bootstrap", "secure"]) await stack.bootmachine(phase, "--yes");
      return work(stack);
    });
  try {
    // What both sides download comes from the cache from here on: a master and one of the others need all that there is.
    await secured("bench-warm", (stack) => stack.bootmachine("configure", "--yes"), 2);
    const handMs: number[] = [];
    const configureMs: number[] = [];
    let looks: Looks = { upMs: Number.NaN, handCheckMs: Number.NaN };
    for (let sample = 1; sample <= SAMPLES; sample += 1) {
      const byHand = await secured("bench-hand", ({ sshConfig, servers: names }) => {
        const words = [join(TOOLS, tool.byHand), sshConfig, folder, ...names];
        return measureGood("sh", words, { env: prepared.env });
      });
      handMs.push(byHand.ms);
      await secured("bench-ours", async (stack) => {
        configureMs.push((await stack.bootmachine("configure", "--yes")).ms);
        if (sample === SAMPLES) looks = await measureLooks(tool, stack, folder);
      });
    }
    return {
      tool: tool.name,
      title: tool.title ?? tool.name,
      servers,
      configureMs: Math.min(...configureMs),
      handMs: Math.min(...handMs),
      samples: SAMPLES,
      ...looks,
      runs: RUNS,
    };
  } finally {
    await prepared.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A no-change `up`, and the hand-written check with what it has to see of the tool, in turns. */
async function measureLooks(tool: BenchTool, stack: BenchStack, folder: string): Promise<Looks> {
  const [master = "", ...others] = stack.servers;
  // A master is of another kind than the others: what is wanted of it is read from itself.
  const groups = tool.hasMaster ? [[master], others] : [stack.servers];
  const more = { MORE_CHECKS: readFileSync(join(TOOLS, tool.check), "utf8") };
  const looks = groups.map((servers, index) => {
    const desired = join(folder, `desired-${index}`);
    mkdirSync(desired);
    readDesiredState(stack.sshConfig, servers[0] ?? "", desired);
    return [CHECK, stack.sshConfig, desired, ...servers];
  });
  const byHand = async () => {
    const began = performance.now();
    await Promise.all(looks.map((words) => measureGood("sh", words, { env: more })));
    return performance.now() - began;
  };
  const up = () => stack.bootmachine("up", "--yes");
  const hand: number[] = [];
  const ours: number[] = [];
  await up();
  await byHand();
  for (let run = 0; run < RUNS; run += 1) {
    hand.push(await byHand());
    ours.push((await up()).ms);
  }
  return { upMs: median(ours), handCheckMs: median(hand) };
}
