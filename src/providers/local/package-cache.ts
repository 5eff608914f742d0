import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { access, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { request as requestHttps } from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

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
        .run(await fetchUpstream(url, {}, options.proxy))
        .finally(() => downloads.delete(name));
    }
    await download.copyTo(response);
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

type DownloadState = "starting" | "coming" | "done" | "failed";

/** A file on its way: written to disk once, and given to everybody who waits for it as it comes. */
class Download {
  readonly #file: string;
  readonly #partial: string;
  readonly #expected: string | undefined;
  readonly #waiting = new Set<() => void>();
  #written = 0;
  #state: DownloadState = "starting";
  #status = 502;
  #length: number | undefined;

  constructor(file: string, expected: string | undefined) {
    this.#file = file;
    this.#partial = `${file}.part-${process.pid}-${Date.now()}`;
    this.#expected = expected;
  }

  async run(upstream: IncomingMessage): Promise<void> {
    try {
      this.#status = upstream.statusCode ?? 502;
      const length = Number(upstream.headers["content-length"]);
      this.#length = Number.isInteger(length) ? length : undefined;
      if (this.#status !== 200 || this.#length === undefined) throw new Error("not to be kept");
      const hash = createHash("sha256");
      const out = createWriteStream(this.#partial, { mode: 0o644 });
      await new Promise((resolve) => out.once("open", resolve));
      this.#tell("coming");
      for await (const chunk of upstream) await this.#write(out, hash, chunk as Buffer);
      await new Promise((resolve) => out.end(resolve));
      const isWhole = this.#written === this.#length;
      if (!isWhole || (this.#expected !== undefined && hash.digest("hex") !== this.#expected)) {
        throw new Error("broken on the way");
      }
      await rename(this.#partial, this.#file);
      this.#tell("done");
    } catch {
      upstream.destroy();
      this.#tell("failed");
      await rm(this.#partial, { force: true });
    }
  }

  async copyTo(response: ServerResponse): Promise<void> {
    while (this.#state === "starting") await this.#change();
    if (this.#state === "failed" && this.#written === 0) {
      response.writeHead(this.#status === 200 ? 502 : this.#status).end();
      return;
    }
    response.writeHead(200, {
      "content-length": this.#length,
      "content-type": "application/octet-stream",
    });
    let sent = 0;
    for (;;) {
      if (this.#state === "failed" || response.destroyed) return void response.destroy();
      if (sent < this.#written) {
        const end = this.#written - 1;
        // The name changes in the very moment when it is complete.
        const path = (await isThere(this.#partial)) ? this.#partial : this.#file;
        await pipeline(createReadStream(path, { start: sent, end }), response, { end: false });
        sent = end + 1;
      } else if (this.#state === "done") {
        response.end();
        return;
      } else {
        await this.#change();
      }
    }
  }

  async #write(out: WriteStream, hash: Hash, chunk: Buffer): Promise<void> {
    hash.update(chunk);
    await new Promise<void>((resolve, reject) => {
      out.write(chunk, (error) => (error == null ? resolve() : reject(error)));
    });
    this.#written += chunk.length;
    this.#tell(this.#state);
  }

  #tell(state: DownloadState): void {
    this.#state = state;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
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

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
