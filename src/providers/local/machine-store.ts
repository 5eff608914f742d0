import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RefusedError } from "../../errors/error.ts";
import { machineDirectory, type LocalPaths } from "./paths.ts";

/** What is kept of a machine: our tags. Lies as `machine.json` in the machine's directory. */
const recordSchema = z.strictObject({
  madeBy: z.literal("bootmachine"),
  format: z.literal(1),
  id: z.string(),
  stack: z.string(),
  server: z.string(),
  token: z.string(),
  image: z.string(),
  imageDirectory: z.string(),
  size: z.string(),
  uuid: z.string(),
  /** IPv4, without length. */
  address: z.string(),
  address6: z.string(),
  hostKey: z.string(),
  createdAt: z.string(),
  /** "making": the disk is not complete. "destroying": the next call finishes it. */
  state: z.enum(["making", "made", "destroying"]),
});

export type MachineRecord = Readonly<z.infer<typeof recordSchema>>;

/** The record of one server; undefined where there is none. A directory without a record of ours is refused. */
export async function readMachine(
  paths: LocalPaths,
  stack: string,
  server: string,
): Promise<MachineRecord | undefined> {
  const directory = machineDirectory(paths, stack, server);
  let text: string;
  try {
    text = await readFile(join(directory, "machine.json"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const entries = await readdir(directory).catch(() => undefined);
    if (entries === undefined) return undefined;
    throw notOurs(directory, server);
  }
  const record = parse(text);
  if (record === undefined || record.stack !== stack || record.server !== server) {
    throw notOurs(directory, server);
  }
  return record;
}

/** All records of one stack, or of all; what is not ours is left out. */
export async function listMachines(
  paths: LocalPaths,
  stack?: string,
): Promise<readonly MachineRecord[]> {
  const stacks = stack === undefined ? await directories(paths.machines) : [stack];
  const records: MachineRecord[] = [];
  for (const name of stacks) {
    for (const server of await directories(join(paths.machines, name))) {
      const file = join(machineDirectory(paths, name, server), "machine.json");
      const record = parse(await readFile(file, "utf8").catch(() => ""));
      if (record !== undefined && record.stack === name && record.server === server)
        records.push(record);
    }
  }
  return records.toSorted(
    (a, b) => a.stack.localeCompare(b.stack) || a.server.localeCompare(b.server),
  );
}

/** Makes the machine's directory together with its record, in one step: no directory of ours is ever without one. */
export async function addMachine(paths: LocalPaths, record: MachineRecord): Promise<void> {
  const directory = machineDirectory(paths, record.stack, record.server);
  const fresh = join(paths.machines, `.new-${record.id}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(join(fresh, "machine.json"), `${JSON.stringify(record, null, 2)}\n`, {
    mode: 0o600,
  });
  await mkdir(join(paths.machines, record.stack), { recursive: true, mode: 0o700 });
  await rename(fresh, directory);
}

/** Replaces the record atomically. */
export async function writeMachine(paths: LocalPaths, record: MachineRecord): Promise<void> {
  const file = join(machineDirectory(paths, record.stack, record.server), "machine.json");
  await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Takes the machine out of sight in one step and returns where its remains lie, to be deleted at leisure. */
export async function discardMachine(paths: LocalPaths, record: MachineRecord): Promise<string> {
  const remains = join(paths.machines, `.old-${record.id}-${process.pid}-${Date.now()}`);
  await rename(machineDirectory(paths, record.stack, record.server), remains);
  return remains;
}

/** Remains of removals and creations that were killed. Call under the lock. */
export async function listRemains(paths: LocalPaths): Promise<readonly string[]> {
  const entries = await readdir(paths.machines).catch(() => []);
  return entries
    .filter((name) => name.startsWith(".old-") || name.startsWith(".new-"))
    .map((name) => join(paths.machines, name));
}

function parse(text: string): MachineRecord | undefined {
  try {
    const result = recordSchema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

function notOurs(directory: string, server: string): RefusedError {
  return new RefusedError(
    "NOT_OURS",
    `${directory} exists, and this stack did not make it: it has no record of ours.`,
    { server, hint: "Move the directory away, or rename the server or the stack." },
  );
}

async function directories(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name);
}
