import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  access,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { request as requestHttps } from "node:https";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { readStartTicks } from "./processes.ts";

export interface PackageCacheOptions {
  /** Where to listen: the bridge's own address, which only local servers reach. */
  readonly address: string;
  readonly port: number;
  /** Files are kept here. */
  readonly directory: string;
  /** `HOST` or `HOST:PORT` of the archives; everything else is refused, or a server could reach what this computer can. */
  readonly hosts: readonly string[];
  /** The http proxy that this computer's apt uses. */
  readonly proxy?: string | undefined;
  /** When the files take more than this, the oldest go. Default 4 GiB. */
  readonly limitBytes?: number | undefined;
}

const LIMIT_BYTES = 4 * 1024 ** 3;
const REDIRECTS = 5;
const CHUNK_BYTES = 256 * 1024;
const UPSTREAM_TIMEOUT_MS = 30_000;

/**
 * A small caching http proxy for apt. Many servers that want the same package at once cause one download.
 *
 * Only what never changes under its name is kept: packages, and indexes by hash. Whatever comes from here is checked
 * by apt on each server against the archive's signature, so servers need not trust each other, nor this cache.
 */
export async function servePackageCache(options: PackageCacheOptions): Promise<Server> {
  await mkdir(options.directory, { recursive: true, mode: 0o755 });
  await prune(options.directory, options.limitBytes ?? LIMIT_BYTES);
  const downloads = new Map<string, Download>();
  const hosts = new Set(options.hosts);
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(502);
      response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.canParse(request.url ?? "") ? new URL(request.url ?? "") : undefined;
    if (url === undefined || url.protocol !== "http:" || !hosts.has(url.host)) {
      response.writeHead(403).end("not an archive of this computer's apt sources\n");
      return;
    }
    if (request.method !== "GET" || !isImmutable(url)) {
      await passThrough(url, request, response);
      return;
    }
    const name = createHash("sha256").update(url.href).digest("hex");
    const file = join(options.directory, name);
    const size = await stat(file).then(
      (facts) => facts.size,
      () => undefined,
    );
    if (size !== undefined) {
      response.writeHead(200, {
        "content-length": size,
        "content-type": "application/octet-stream",
      });
      await pipeline(createReadStream(file), response);
      return;
    }
    let download = downloads.get(name);
    if (download === undefined) {
      download = new Download(file, hashIn(url));
      downloads.set(name, download);
      void download
        .run(async () => await fetchUpstream(url, {}, options.proxy))
        .finally(() => downloads.delete(name));
    }
    // What cannot be kept is handed on all the same.
    if (!(await download.copyTo(response))) await passThrough(url, request, response);
  }

  async function passThrough(
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const kept = [
      "if-modified-since",
      "if-none-match",
      "range",
      "if-range",
      "cache-control",
      "user-agent",
    ];
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => kept.includes(name)),
    );
    const upstream = await fetchUpstream(url, headers, options.proxy, request.method);
    const { connection: _, "transfer-encoding": __, ...rest } = upstream.headers;
    response.writeHead(upstream.statusCode ?? 502, rest);
    await pipeline(upstream, response);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.address, resolve);
  });
  return server;
}

/**
 * The body of the cache's own process. Ends by itself when its options are removed.
 *
 * @public Called by the text that the process is started with.
 */
export async function runPackageCache(file: string): Promise<void> {
  const options = JSON.parse(await readFile(file, "utf8")) as PackageCacheOptions;
  const server = await servePackageCache(options);
  await writeCacheMark(dirname(file), `${process.pid} ${await readStartTicks(process.pid)}`);
  const timer = setInterval(() => {
    access(file).catch(() => {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
    });
  }, 5000);
}

/** Says which process it is. */
export async function writeCacheMark(directory: string, mark: string): Promise<void> {
  const file = join(directory, "process");
  await writeFile(`${file}.new`, mark);
  await rename(`${file}.new`, file);
}

/** This very module, to be run by a process of its own: it imports little, and so needs little memory. */
export const PACKAGE_CACHE_MODULE = import.meta.url;

type DownloadState = "starting" | "coming" | "done" | "failed";

/** A file on its way: written to disk once, and given to everybody who waits for it as it comes. */
class Download {
  readonly #file: string;
  readonly #partial: string;
  readonly #expected: string | undefined;
  readonly #waiting = new Set<() => void>();
  /** One handle for writing and for all who read: a name would change under a reader when the file is complete. */
  #handle: FileHandle | undefined;
  #readers = 0;
  #written = 0;
  #state: DownloadState = "starting";
  #length = 0;

  constructor(file: string, expected: string | undefined) {
    this.#file = file;
    this.#partial = `${file}.part-${process.pid}-${Date.now()}`;
    this.#expected = expected;
  }

  async run(start: () => Promise<IncomingMessage>): Promise<void> {
    let upstream: IncomingMessage | undefined;
    try {
      upstream = await start();
      this.#length = Number(upstream.headers["content-length"]);
      if (upstream.statusCode !== 200 || !Number.isInteger(this.#length))
        throw new Error("not to be kept");
      await mkdir(dirname(this.#partial), { recursive: true, mode: 0o755 });
      this.#handle = await open(this.#partial, "w+", 0o644);
      this.#tell("coming");
      const hash = createHash("sha256");
      for await (const chunk of upstream) {
        const bytes = chunk as Buffer;
        hash.update(bytes);
        await this.#handle.write(bytes, 0, bytes.length, this.#written);
        this.#written += bytes.length;
        this.#tell("coming");
      }
      const isRight = this.#expected === undefined || hash.digest("hex") === this.#expected;
      if (this.#written !== this.#length || !isRight) throw new Error("broken on the way");
      await rename(this.#partial, this.#file);
      this.#tell("done");
    } catch {
      upstream?.destroy();
      await rm(this.#partial, { force: true });
      this.#tell("failed");
    }
    await this.#closeWhenUnused();
  }

  /** False, with nothing sent, where there is nothing to send. */
  async copyTo(response: ServerResponse): Promise<boolean> {
    this.#readers += 1;
    try {
      while (this.#state === "starting") await this.#change();
      if (this.#state === "failed" && this.#written === 0) return false;
      response.writeHead(200, {
        "content-length": this.#length,
        "content-type": "application/octet-stream",
      });
      await pipeline(Readable.from(this.#chunks()), response);
      return true;
    } finally {
      this.#readers -= 1;
      await this.#closeWhenUnused();
    }
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    let sent = 0;
    for (;;) {
      if (this.#state === "failed" || this.#handle === undefined)
        throw new Error("broken on the way");
      if (sent < this.#written) {
        const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, this.#written - sent));
        const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, sent);
        sent += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (this.#state === "done") {
        return;
      } else {
        await this.#change();
      }
    }
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#readers > 0 || this.#state === "starting" || this.#state === "coming") return;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #tell(state: DownloadState): void {
    this.#state = state;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}

async function fetchUpstream(
  url: URL,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  proxy: string | undefined,
  method = "GET",
): Promise<IncomingMessage> {
  let target = url;
  for (let redirects = 0; redirects <= REDIRECTS; redirects += 1) {
    const response = await ask(target, headers, proxy, method);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return response;
    response.resume();
    target = new URL(location, target);
  }
  throw new Error("too many redirects");
}

async function ask(
  url: URL,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  proxy: string | undefined,
  method: string,
): Promise<IncomingMessage> {
  const own = { ...headers, host: url.host };
  const sent = { method, headers: own, timeout: UPSTREAM_TIMEOUT_MS };
  const via = proxy === undefined || url.protocol === "https:" ? undefined : new URL(proxy);
  const request =
    via === undefined
      ? (url.protocol === "https:" ? requestHttps : requestHttp)(url, sent)
      : requestHttp({
          ...sent,
          host: via.hostname,
          port: via.port === "" ? 80 : via.port,
          path: url.href,
        });
  return await new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.end();
  });
}

/** What never changes under its name: packages, and indexes by hash. */
export function isImmutable(url: URL): boolean {
  return /\.u?deb$/.test(url.pathname) || hashIn(url) !== undefined;
}

function hashIn(url: URL): string | undefined {
  return /\/by-hash\/SHA256\/([0-9a-f]{64})$/.exec(url.pathname)?.[1];
}

async function prune(directory: string, limitBytes: number): Promise<void> {
  const files: { readonly path: string; readonly size: number; readonly usedMs: number }[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (name.includes(".part-")) await rm(path, { force: true });
    else {
      const facts = await stat(path);
      files.push({ path, size: facts.size, usedMs: Math.max(facts.atimeMs, facts.mtimeMs) });
    }
  }
  let total = files.reduce((sum, file) => sum + file.size, 0);
  for (const file of files.toSorted((a, b) => a.usedMs - b.usedMs)) {
    if (total <= limitBytes) return;
    await rm(file.path, { force: true });
    total -= file.size;
  }
}
