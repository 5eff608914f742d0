import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from "node:fs/promises";
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
  const mark = socketName();
  // Holding the directory and letting it go never overlap.
  let turn: Promise<void> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = turn.then(work);
    turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  };
  return {
    async takePath() {
      ready ??= prepare(wanted, mark);
      const directory = await ready;
      if (directory === undefined) return undefined;
      const socket = path.join(directory, socketName());
      inUse.add(socket);
      if (await inTurn(() => hold(directory, mark))) return socket;
      inUse.delete(socket);
      return undefined;
    },
    async release(socket) {
      inUse.delete(socket);
      await rm(socket, { force: true }).catch(() => undefined);
      await inTurn(async () => {
        if (inUse.size > 0) return;
        const directory = path.dirname(socket);
        await rm(path.join(directory, mark), { force: true }).catch(() => undefined);
        // Fails where another process holds it, which is right.
        await rmdir(directory).catch(() => undefined);
      });
    },
  };
}

/** So often the directory may be taken away between its making and the mark in it. */
const HOLD_TRIES = 100;

/**
 * Makes the directory, where it was removed together with the last connection, and puts a file into it: another process of this user
 * whose last connection ends just now could remove it while it is empty, before ssh has made the socket.
 *
 * @returns false where it cannot be made, or is somebody else's
 */
async function hold(directory: string, mark: string): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if (!(await isOurs(directory))) return false;
      await writeFile(path.join(directory, mark), "", { mode: 0o600 });
      return true;
    } catch (error) {
      const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!isGone || tries >= HOLD_TRIES) return false;
    }
  }
}

function socketName(): string {
  return `bm-${process.pid.toString(36)}-${randomBytes(4).toString("hex")}`;
}

/** The directory, ours alone; a short one in the computer's temporary directory where the wanted one cannot serve. */
async function prepare(wanted: string, mark: string): Promise<string | undefined> {
  const absolute = path.resolve(wanted);
  if (fits(absolute) && (await hold(absolute, mark))) {
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
  const status = await lstat(directory);
  if (!status.isDirectory() || status.uid !== userInfo().uid) return false;
  if ((status.mode & 0o077) !== 0) await chmod(directory, 0o700);
  return true;
}

/** Removes the sockets and the marks of controllers that were killed. */
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
