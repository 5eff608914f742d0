import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, rmdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";

/** A socket's path may have 104 bytes (BSD, macOS) and ssh adds a suffix of 17 while it makes it. */
const LONGEST_SOCKET_PATH_BYTES = 104 - 1 - 17;

/** PROCESS-RANDOM: short, and tells whose it is. */
const SOCKET_NAME = /^bm-([0-9a-z]+)-[0-9a-f]{8}$/;

/** A place for control sockets, used by all connections of one transport. */
export interface ControlDirectory {
  /** The path for one more connection's socket, or undefined where there can be none. */
  takePath(): Promise<string | undefined>;
  /** The connection is gone; the last one takes the directory with it. */
  release(socket: string): Promise<void>;
}

/** Prepares nothing until the first path is taken. */
export function controlDirectory(wanted: string): ControlDirectory {
  let ready: Promise<string | undefined> | undefined;
  const inUse = new Set<string>();
  return {
    async takePath() {
      ready ??= prepare(wanted);
      const directory = await ready;
      if (directory === undefined) return undefined;
      const socket = path.join(directory, socketName());
      inUse.add(socket);
      // It may have been removed together with the last connection.
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return socket;
    },
    async release(socket) {
      inUse.delete(socket);
      await rm(socket, { force: true }).catch(() => undefined);
      // Fails where somebody else's sockets are still in it, which is right.
      if (inUse.size === 0) await rmdir(path.dirname(socket)).catch(() => undefined);
    },
  };
}

function socketName(): string {
  return `bm-${process.pid.toString(36)}-${randomBytes(4).toString("hex")}`;
}

/** The directory, ours alone; a short one in the computer's temporary directory where the wanted one cannot serve. */
async function prepare(wanted: string): Promise<string | undefined> {
  const absolute = path.resolve(wanted);
  if (fits(absolute) && (await isOurs(absolute))) {
    await removeStale(absolute);
    return absolute;
  }
  try {
    const short = await mkdtemp(path.join(tmpdir(), "bm-"));
    if (fits(short)) return short;
    await rmdir(short);
  } catch {
    // No multiplexing then: it is slower and works.
  }
  return undefined;
}

function fits(directory: string): boolean {
  return Buffer.byteLength(path.join(directory, socketName())) <= LONGEST_SOCKET_PATH_BYTES;
}

async function isOurs(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const status = await lstat(directory);
    if (!status.isDirectory() || status.uid !== userInfo().uid) return false;
    if ((status.mode & 0o077) !== 0) await chmod(directory, 0o700);
    return true;
  } catch {
    return false;
  }
}

/** Removes the sockets of controllers that were killed. */
async function removeStale(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const owner = SOCKET_NAME.exec(name)?.[1];
    if (owner === undefined || isAlive(Number.parseInt(owner, 36))) continue;
    await rm(path.join(directory, name), { force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
