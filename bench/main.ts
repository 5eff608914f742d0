// `npm run bench`: the figures of docs/benchmarks.md, as ratios taken in one run on the same servers.
//
//   npm run bench                     everything; about half an hour on 2 cores
//   npm run bench -- --servers 2      fewer than ten, to try it out: shown, not stored
//   npm run bench -- --only start     one of: start, boot, check, first, memory, openstack, or a tool: ansible, chef, salt, puppet
//                                     (repeat the flag for several)
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { installFor } from "../scripts/operating-system-packages.ts";
import { measureGood, median } from "./measure.ts";
import { readDesiredState } from "./desired-state.ts";
import { BENCH_TOOLS, measureTool } from "./measure-tools.ts";
import { measureOpenStack } from "./openstack.ts";
import { keepResults } from "./keep-results.ts";
import type { BenchResults } from "./report.ts";
import { type BenchStack, MAIN, PORT, withStack } from "./stacks.ts";

const ROOT = resolve(import.meta.dirname, "..");

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, servers: { type: "string", default: "10" } },
});
const SERVERS = Number(values.servers);
if (!Number.isInteger(SERVERS) || SERVERS < 1 || SERVERS > 100) {
  throw new Error(`--servers takes a whole number from 1 to 100, not "${values.servers}".`);
}
const toolNames = BENCH_TOOLS.map(({ name }) => name);
const parts = values.only ?? [
  "start",
  "boot",
  "check",
  "first",
  "memory",
  "openstack",
  ...toolNames,
];
const resultsFile = join(import.meta.dirname, "results.json");

const results: BenchResults = { ...readEarlier(), ...machine() };
if (parts.includes("start")) results.start = await measureStart();
if (parts.some((part) => part !== "start")) {
  const readiness = installFor(["local servers", "bench", "salt packages"]);
  if (!readiness.isReady || process.getuid?.() !== 0) {
    throw new Error(`The parts with servers need root on Linux. ${readiness.reason}`);
  }
}
if (parts.includes("boot")) results.boot = await withStack("bench-boot", plain(20), measureBoot);
if (parts.includes("check"))
  results.check = await withStack("bench-check", plain(SERVERS), measureCheck);
if (parts.includes("first")) results.first = await measureFirst();
if (parts.includes("memory"))
  results.memory = await withStack("bench-memory", plain(50), measureMemory);
for (const tool of BENCH_TOOLS.filter(({ name }) => parts.includes(name))) {
  const result = await measureTool(tool, SERVERS);
  results.tools = [...(results.tools ?? []).filter((each) => each.tool !== tool.name), result];
}
if (parts.includes("openstack")) results.openstack = await measureOpenStack(MAIN, SERVERS);
const titles = BENCH_TOOLS.map(({ name, title }) => title ?? name);
const files = { results: resultsFile, report: join(ROOT, "docs/benchmarks.md") };
process.stdout.write(keepResults(results, SERVERS, titles, files));

/** Servers without a tool. Ansible needs Python in them; bootmachine and the scripts do not. */
function plain(count: number): Readonly<Record<string, unknown>> {
  return {
    provider: { name: "local", packages: ["python3"] },
    firewall: [{ port: 80, from: "anywhere" }],
    servers: [{ name: "s", count, image: "debian-12", roles: ["web"] }],
  };
}

async function measureStart(): Promise<NonNullable<BenchResults["start"]>> {
  const empty = join(mkdtempSync(join(tmpdir(), "bmb-")), "empty.mjs");
  writeFileSync(empty, "");
  const help: number[] = [];
  const nothing: number[] = [];
  // In turns, so that whatever else the computer does falls on both.
  for (let run = 0; run < 20; run += 1) {
    nothing.push((await measureGood(process.execPath, [empty])).ms);
    help.push((await measureGood(process.execPath, [MAIN, "--help"])).ms);
  }
  return { helpMs: median(help), emptyMs: median(nothing), runs: 20 };
}

/** From no server to the ssh server's greeting from every one, once the image exists. */
async function measureBoot(stack: BenchStack): Promise<NonNullable<BenchResults["boot"]>> {
  await stack.bootmachine("boot", "--yes", "--server", "s1");
  await stack.bootmachine("destroy", "--yes");
  const began = performance.now();
  await stack.bootmachine("boot", "--yes");
  const { output } = await stack.bootmachine("inventory", "--format", "json");
  const { servers } = JSON.parse(output) as { servers: { address: string }[] };
  await Promise.all(servers.map(({ address }) => waitForGreeting(address)));
  return { servers: servers.length, ms: performance.now() - began };
}

/** Resolves when port 22 of the address says "SSH-"; fails after a minute. */
async function waitForGreeting(address: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const greeting = await new Promise<string>((done) => {
      const socket = connect({ host: address, port: 22, timeout: 2000 });
      const end = (text: string): void => {
        socket.destroy();
        done(text);
      };
      socket.once("data", (data: Buffer) => end(data.toString("latin1")));
      socket.once("error", () => end(""));
      socket.once("timeout", () => end(""));
    });
    if (greeting.startsWith("SSH-")) return;
    await sleep(100);
  }
  throw new Error(`${address} did not answer within a minute`);
}

async function measureCheck(stack: BenchStack): Promise<NonNullable<BenchResults["check"]>> {
  await stack.bootmachine("up", "--yes");
  const desired = join(stack.directory, "desired");
  mkdirSync(desired);
  readDesiredState(stack.sshConfig, "s1", desired);
  const script = () =>
    measureGood("sh", [
      join(import.meta.dirname, "handwritten-check.sh"),
      stack.sshConfig,
      desired,
      ...stack.servers,
    ]);
  const ours: number[] = [];
  const handwritten: number[] = [];
  await stack.bootmachine("up", "--yes");
  await script();
  for (let run = 0; run < 7; run += 1) {
    handwritten.push((await script()).ms);
    ours.push((await stack.bootmachine("up", "--yes")).ms);
  }
  writeFileSync(join(stack.directory, "inventory.ini"), `${stack.servers.join("\n")}\n`);
  const playbook = () =>
    measureGood(
      "ansible-playbook",
      [
        "-i",
        join(stack.directory, "inventory.ini"),
        "-e",
        `desired=${desired}`,
        join(import.meta.dirname, "playbook.yml"),
      ],
      {
        env: {
          ANSIBLE_PIPELINING: "1",
          ANSIBLE_FORKS: String(SERVERS),
          ANSIBLE_SSH_ARGS: `-F ${stack.sshConfig} -o ControlMaster=auto -o ControlPersist=60s`,
          ANSIBLE_HOME: join(stack.directory, "ansible"),
          ANSIBLE_SSH_CONTROL_PATH_DIR: join(stack.directory, "cp"),
          ANSIBLE_LOCALHOST_WARNING: "0",
          LC_ALL: "C.UTF-8",
        },
      },
    );
  const first = await playbook();
  const second = await playbook();
  if (/changed=[1-9]/.test(second.output)) {
    throw new Error(
      `The playbook does not want the same state:\n${second.output}\n${first.output}`,
    );
  }
  return {
    servers: SERVERS,
    oursMs: median(ours),
    handwrittenMs: median(handwritten),
    ansibleMs: Math.min(first.ms, second.ms),
    runs: 7,
  };
}

async function measureFirst(): Promise<NonNullable<BenchResults["first"]>> {
  // The first stack warms the caches and shows what is wanted; the second is measured.
  const desired = mkdtempSync(join(tmpdir(), "bmb-"));
  await withStack("bench-warm", plain(1), async (stack) => {
    await stack.bootmachine("up", "--yes");
    readDesiredState(stack.sshConfig, "s1", desired);
  });
  const ours = await withStack("bench-ours", plain(SERVERS), (stack) =>
    stack.bootmachine("up", "--yes"),
  );
  const handwritten = await withStack("bench-hand", plain(SERVERS), async (stack) => {
    const boot = await stack.bootmachine("boot", "--yes");
    const { output } = await stack.bootmachine("inventory", "--format", "json");
    const servers = (
      JSON.parse(output) as {
        servers: { server: string; publicAddresses: string[]; privateAddresses: string[] }[];
      }
    ).servers.map(
      ({ server, publicAddresses, privateAddresses }) =>
        `${server}=${[...publicAddresses, ...privateAddresses][0] ?? ""}`,
    );
    const began = performance.now();
    await Promise.all(
      servers.map((server) => waitForGreeting(server.slice(server.indexOf("=") + 1))),
    );
    const waitMs = performance.now() - began;
    const work = await measureGood("sh", [
      join(import.meta.dirname, "handwritten-first.sh"),
      join(stack.directory, "key"),
      desired,
      String(PORT),
      "ada",
      ...servers,
    ]);
    return { bootMs: boot.ms + waitMs, workMs: work.ms };
  });
  rmSync(desired, { recursive: true, force: true });
  return {
    servers: SERVERS,
    oursMs: ours.ms,
    handwrittenMs: handwritten.bootMs + handwritten.workMs,
  };
}

async function measureMemory(stack: BenchStack): Promise<NonNullable<BenchResults["memory"]>> {
  const first = await stack.bootmachine("up", "--yes");
  const second = await stack.bootmachine("up", "--yes");
  return { servers: 50, firstUpMb: first.peakMb, noChangeUpMb: second.peakMb };
}

function machine(): Pick<BenchResults, "machine"> {
  return {
    machine: {
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1024 ** 3),
      kernel: release().replace(/-.*/, ""),
      node: process.version,
      date: new Date().toISOString().slice(0, 10),
    },
  };
}

function readEarlier(): Partial<BenchResults> {
  try {
    return JSON.parse(readFileSync(resultsFile, "utf8")) as Partial<BenchResults>;
  } catch {
    return {};
  }
}
