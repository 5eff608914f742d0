import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { kill, type ProcessMark, readStartTicks } from "../../../src/providers/local/processes.ts";
import { environmentOf, markOf, pathIn, type Plan } from "./plan.ts";

/** Starts a program that goes on by itself, with a log of its own. */
export async function startProgram(
  plan: Plan,
  name: string,
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(pathIn(plan, "log"), { recursive: true });
  const log = openSync(pathIn(plan, "log", `${name}.log`), "a");
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...environmentOf(plan), ...environment },
  });
  closeSync(log);
  await new Promise<void>((done, fail) => {
    child.once("spawn", done);
    child.once("error", fail);
  });
  child.unref();
}

/** Runs a program to its end; what it said stands in a log, and its last lines in the error. */
export async function runProgram(
  plan: Plan,
  name: string,
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(pathIn(plan, "log"), { recursive: true });
  const file = pathIn(plan, "log", `${name}.log`);
  const log = openSync(file, "a");
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    cwd: "/",
    stdio: ["ignore", log, log],
    env: { ...environmentOf(plan), ...environment },
    timeout: 300_000,
  });
  closeSync(log);
  const status = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  if (status === 0) return;
  const tail = (await readFile(file, "utf8")).trim().split("\n").slice(-8).join("\n");
  throw new Error(`${name} ended with ${status}; ${file} ends with:\n${tail}`);
}

/**
 * Ends every process of the control plane in this directory, also those that went into the background by themselves (the
 * bus's name service). All data are thrown away, so nobody is asked to finish.
 */
export async function endProcesses(directory: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await findProcesses(directory);
    if (found.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(`these processes do not end: ${found.map(({ pid }) => pid).join(", ")}`);
    }
    for (const process of found) await kill(process, "SIGKILL");
    await sleep(50);
  }
}

/**
 * By the mark in their environment, or by the log that they write: neutron-server gives itself a title, for which it takes
 * the room of its environment.
 */
async function findProcesses(directory: string): Promise<readonly ProcessMark[]> {
  const mark = markOf(directory);
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const marks = await Promise.all(
    pids.map(async (name): Promise<ProcessMark | undefined> => {
      const environment = await readFile(`/proc/${name}/environ`, "latin1").catch(() => "");
      const log = await readlink(`/proc/${name}/fd/1`).catch(() => "");
      if (!environment.split("\0").includes(mark) && !log.startsWith(`${directory}/`))
        return undefined;
      const startTicks = await readStartTicks(Number(name));
      return startTicks === undefined ? undefined : { pid: Number(name), startTicks };
    }),
  );
  return marks.filter((found) => found !== undefined);
}

/** Asks again until it holds. */
export async function waitFor(
  plan: Plan,
  what: string,
  limitMs: number,
  claim: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await claim().catch(() => false))) {
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${limitMs / 1000} s; see ${pathIn(plan, "log")}`);
    await sleep(200);
  }
}
