import { readFile, readdir } from "node:fs/promises";
import { TimeoutError } from "../../errors/error.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTicks: string;
}

export async function readStartTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in parentheses may hold spaces and parentheses; the fields after it do not.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === undefined || fields[0] === "" || fields[0] === "Z" ? undefined : fields[19];
}

export async function isAlive(mark: ProcessMark): Promise<boolean> {
  return (await readStartTicks(mark.pid)) === mark.startTicks;
}

/** Reads a file with "PID TICKS"; undefined where it is not there, broken, or the process has ended. */
export async function readLiveMark(file: string): Promise<ProcessMark | undefined> {
  const [pid = "", startTicks = ""] = (await readFile(file, "utf8").catch(() => ""))
    .trim()
    .split(" ");
  if (!/^[0-9]+$/.test(pid) || startTicks === "") return undefined;
  const mark = { pid: Number(pid), startTicks };
  return (await isAlive(mark)) ? mark : undefined;
}

/** True where the process was started with a variable of which this is the beginning. */
export async function hasInEnvironment(pid: number, beginning: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.split("\0").some((entry) => entry.startsWith(beginning));
}

/** All processes whose environment holds exactly this entry, such as `BM_UUID=…`. */
async function findMarked(entries: ReadonlySet<string>): Promise<readonly ProcessMark[]> {
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const found = await Promise.all(
    pids.map(async (name): Promise<ProcessMark | undefined> => {
      const environment = await readFile(`/proc/${name}/environ`, "latin1").catch(() => "");
      if (!environment.split("\0").some((entry) => entries.has(entry))) return undefined;
      const startTicks = await readStartTicks(Number(name));
      return startTicks === undefined ? undefined : { pid: Number(name), startTicks };
    }),
  );
  return found.filter((mark) => mark !== undefined);
}

/**
 * Ends every process of one server: the supervisor, systemd-nspawn, and the server's process 1, with which all
 * processes inside end. The last one survives when only systemd-nspawn is killed, hence the look at all of them.
 */
export async function killMachineProcesses(uuid: string): Promise<void> {
  const marks = new Set([`BM_UUID=${uuid}`, `container_uuid=${dashed(uuid)}`]);
  const limitMs = 20_000;
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await findMarked(marks);
    if (found.length === 0) return;
    if (Date.now() > deadline) {
      throw new TimeoutError(
        `Processes ${found.map((mark) => mark.pid).join(", ")} did not end.`,
        limitMs,
      );
    }
    for (const mark of found) await kill(mark, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Sends a signal to exactly this process; false when it has ended. */
export async function kill(mark: ProcessMark, signal: NodeJS.Signals | number): Promise<boolean> {
  if (!(await isAlive(mark))) return false;
  try {
    process.kill(mark.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Ends a process that leads a group of its own, and the group. */
export async function killGroup(leader: ProcessMark): Promise<void> {
  if (!(await isAlive(leader))) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

function dashed(uuid: string): string {
  return uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
