import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "node:crypto";

import { RefusedError } from "../errors/error.ts";

const GUARD_LIMIT_MS = 5000;
const GUARD_PAUSE_MS = 25;

interface LockHolder {
  readonly who: string;
  readonly computer: string;
  readonly pid: number;
  /** Start time of the process in clock ticks, so that a recycled id is not taken for the holder; "" where unknown. */
  readonly startedTicks: string;
  readonly since: string;
  readonly command: string;
}

export interface StackLock {
  release(): Promise<void>;
}

/**
 * Takes the stack's lock on this computer, or refuses with who holds it, since when and where.
 * A lock whose process has ended is taken over. Between computers the hosts' own locks stand guard.
 *
 * @throws RefusedError STACK_LOCKED
 */
export async function lockStack(path: string, who: string, command: string): Promise<StackLock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const holder: LockHolder = {
    who,
    computer: hostname(),
    pid: process.pid,
    startedTicks: await readStartTicks(process.pid),
    since: new Date().toISOString(),
    command,
  };
  const text = JSON.stringify(holder);
  // The content is written before the name appears (link fails when it exists), so a lock is never half-written.
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, text, { mode: 0o600 });
    for (let attempt = 0; attempt < 20; attempt += 1) {
      try {
        await link(draft, path);
        return { release: () => releaseOwn(path, text) };
      } catch (error) {
        if (!isCode(error, "EEXIST")) throw error;
      }
      const other = await readHolder(path);
      if (other !== undefined && (await isAlive(other))) {
        throw new RefusedError(
          "STACK_LOCKED",
          `Another run works on this stack: \`${other.command}\` by ${other.who} on ${other.computer}, process ${other.pid}, since ${other.since}.`,
          other.computer === holder.computer ? {} : { hint: cannotSee(path, other, holder) },
        );
      }
      await removeStale(path);
    }
    throw new RefusedError("STACK_LOCKED", `The lock ${path} is contested; try again.`);
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes the lock of a process that has ended. Only the holder of a second file may, and it looks again first:
 * a run that takes the lock just now must not lose it to one that judged the old holder.
 */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.takeover`;
  try {
    await writeFile(guard, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    const age =
      Date.now() -
      (await stat(guard).then(
        ({ mtimeMs }) => mtimeMs,
        () => Date.now(),
      ));
    // Whoever made it was killed in the few milliseconds that it exists.
    if (age > GUARD_LIMIT_MS) await rm(guard, { force: true });
    await sleep(GUARD_PAUSE_MS);
    return;
  }
  try {
    const holder = await readHolder(path);
    if (holder === undefined || !(await isAlive(holder))) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function releaseOwn(path: string, text: string): Promise<void> {
  const current = await readFile(path, "utf8").catch(() => undefined);
  if (current === text) await rm(path, { force: true });
}

/** Who works on the stack now; undefined where nobody does. */
export async function readLock(path: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(path);
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

/** Nobody can look from here whether a process of another computer still runs, and this one may have had that name. */
function cannotSee(path: string, other: LockHolder, own: LockHolder): string {
  return `Wait for it to end. If it has ended, or ${other.computer} is what this computer (${own.computer}) was called before, remove the file ${path}.`;
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as LockHolder;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  // A lock from another computer (a shared directory) cannot be looked into: it counts until it is removed by hand.
  if (holder.computer !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (!isCode(error, "EPERM")) return false;
  }
  const ticks = await readStartTicks(holder.pid);
  return holder.startedTicks === "" || ticks === "" || ticks === holder.startedTicks;
}

/** Field 22 of /proc/PID/stat; "" where there is no /proc. */
async function readStartTicks(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the command in parentheses and may hold blanks.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
