import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Download } from "../../configurators/contract.ts";
import { CancelledError, RemoteError } from "../../errors/error.ts";

const INDEX_TIMEOUT_MS = 60_000;
const FILE_TIMEOUT_MS = 900_000;
const LARGEST_INDEX_BYTES = 1024 * 1024;
const LARGEST_FILE_BYTES = 512 * 1024 * 1024;

/** A file on the operator's computer that is what its checksum says. */
export interface FetchedFile {
  readonly path: string;
  readonly sha256: string;
}

export interface FetchOptions {
  /** Where fetched files are kept, named after their checksums. */
  readonly folder: string;
  /** The config's own, from which files count. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * Fetches a file, or finds it among those that were fetched before, and holds it against its checksum.
 *
 * @throws RemoteError DOWNLOAD_FAILED with the address and the reason; CancelledError on abort
 */
export async function fetchDownload(
  { name, source }: Pick<Download, "name" | "source">,
  options: FetchOptions,
): Promise<FetchedFile> {
  try {
    if ("file" in source) {
      const path = resolve(options.directory, source.file);
      requireChecksum(path, source.sha256, await checksumOf(path));
      return { path, sha256: source.sha256 };
    }
    const { url, sha256 } = "index" in source ? await askIndex(source, options.signal) : source;
    const path = join(options.folder, sha256);
    const isThere = await checksumOf(path).catch(() => "");
    if (isThere !== sha256) await fetchTo(path, url, sha256, options.signal);
    return { path, sha256 };
  } catch (error) {
    if (options.signal.aborted) throw new CancelledError();
    throw new RemoteError(
      "DOWNLOAD_FAILED",
      `${name} cannot be had on this computer: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
}

async function askIndex(
  source: Extract<Download["source"], { readonly index: string }>,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly sha256: string }> {
  const chunks: Buffer[] = [];
  await receive(source.index, INDEX_TIMEOUT_MS, LARGEST_INDEX_BYTES, signal, async (body) => {
    for await (const chunk of body) chunks.push(chunk as Buffer);
  });
  const answer = Buffer.concat(chunks).toString("utf8");
  const found = source.read(answer);
  if (found === undefined) {
    throw new Error(
      `${source.index} answers without an address and a checksum: ${answer.trim().slice(0, 200)}`,
    );
  }
  return found;
}

/** By a temporary name: what has the checksum for its name is whole. */
async function fetchTo(
  path: string,
  url: string,
  sha256: string,
  signal: AbortSignal,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  try {
    const hash = createHash("sha256");
    await receive(url, FILE_TIMEOUT_MS, LARGEST_FILE_BYTES, signal, async (body) => {
      const hashing = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      await pipeline(body, hashing, createWriteStream(temporary, { mode: 0o600 }));
    });
    requireChecksum(url, sha256, hash.digest("hex"));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Asks, and hands the body on as long as it keeps within time and size. */
async function receive(
  url: string,
  timeoutMs: number,
  limitBytes: number,
  signal: AbortSignal,
  take: (body: Readable) => Promise<void>,
): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, limit]) });
    if (!response.ok || response.body === null) {
      throw new Error(`${url} answers ${response.status} ${response.statusText}`.trim());
    }
    const body = Readable.from(upTo(limitBytes, response.body, url));
    await take(body);
  } catch (error) {
    if (limit.aborted) {
      throw new Error(`${url} did not answer in full within ${timeoutMs / 1000} s`, {
        cause: error,
      });
    }
    throw error instanceof TypeError
      ? new Error(`${url}: ${reasonOf(error.cause ?? error)}`, { cause: error })
      : error;
  }
}

async function* upTo(
  limitBytes: number,
  body: AsyncIterable<Uint8Array>,
  url: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limitBytes) {
      throw new Error(`${url} sends more than ${limitBytes / 1024 / 1024} MiB`);
    }
    yield chunk;
  }
}

async function checksumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function requireChecksum(place: string, wanted: string, found: string): void {
  if (wanted === found) return;
  throw new Error(
    `${place} is not what its checksum says (SHA-256 ${wanted} is wanted, ${found} was found)`,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
