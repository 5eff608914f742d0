import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
const IMAGES = join(import.meta.dirname, "images.json");
const CACHE = resolve(import.meta.dirname, "../../../.cache/moto");
const START_LIMIT_MS = 60_000;
const INSTALL_LIMIT_MS = 600_000;
/** Debian's, whose package python3-venv the tests install; another one may stand before it in PATH. */
const PYTHON = "/usr/bin/python3";

/** The region that the tests use. */
export const REGION = "eu-central-1";

/** moto in server mode, on loopback: it speaks EC2's API, and boots nothing. */
export interface Moto {
  readonly url: string;
  /** Forgets everything but the images. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts moto; at the first time it is installed below `.cache/`, in a virtual environment of its own. */
export async function startMoto(): Promise<Moto> {
  const environment = await withInstallLock(installMoto);
  const port = await freePort();
  const log = openSync(join(CACHE, `server-${port}.log`), "w");
  const child = spawn(
    join(environment, "bin/python3"),
    ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    {
      stdio: ["ignore", log, log],
      env: {
        PATH: "/usr/bin:/bin",
        HOME: CACHE,
        MOTO_AMIS_PATH: IMAGES,
        MOTO_ENABLE_AMI_VALIDATION: "true",
        MOTO_ENABLE_KEYPAIR_VALIDATION: "true",
        MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: "true",
      },
    },
  );
  closeSync(log);
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const isUp = await fetch(`${url}/moto-api/data.json`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) break;
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      const said = readFileSync(join(CACHE, `server-${port}.log`), "utf8").slice(-2000);
      throw new Error(`moto did not start:\n${said}`);
    }
    await new Promise((next) => setTimeout(next, 100));
  }
  return {
    url,
    reset: async () => {
      const { ok, status } = await fetch(`${url}/moto-api/reset`, { method: "POST" });
      if (!ok) throw new Error(`moto was not reset: status ${status}`);
    },
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
      rmSync(join(CACHE, `server-${port}.log`), { force: true });
    },
  };
}

/** Files of tests run beside each other, and one of them installs. */
async function withInstallLock<T>(work: () => T): Promise<T> {
  const lock = `${CACHE}.lock`;
  mkdirSync(dirname(lock), { recursive: true });
  const deadline = Date.now() + INSTALL_LIMIT_MS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (!isRunning(lock)) rmSync(lock, { force: true });
    else if (Date.now() > deadline) throw new Error(`${lock} is held for too long`);
    await new Promise((next) => setTimeout(next, 200));
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Whether the process that holds the lock is there. */
function isRunning(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return true;
  } catch (error) {
    // It was released in between, or its holder has no number yet.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** The virtual environment; made anew where the list of packages has changed, or it was left half-made. */
function installMoto(): string {
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  const environment = join(CACHE, wanted);
  const stamp = join(environment, "bootmachine-stamp");
  if (existsSync(stamp)) return environment;
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  run(PYTHON, "-m", "venv", environment);
  // Not by the scripts beside it: these name the place where they were made.
  const pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"];
  run(join(environment, "bin/python3"), ...pip, "-r", REQUIREMENTS);
  writeFileSync(stamp, "");
  return environment;
}

function run(program: string, ...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, {
    encoding: "utf8",
    timeout: INSTALL_LIMIT_MS,
  });
  if (status !== 0)
    throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? stderr.slice(-2000)}`);
}

async function freePort(): Promise<number> {
  return await new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) done(address.port);
        else fail(new Error("no free port"));
      });
    });
  });
}
