import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

import { writeCacheMark } from "./package-cache-mark.ts";
import { Download } from "./package-download.ts";
import { fetchUpstream } from "./package-upstream.ts";
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
