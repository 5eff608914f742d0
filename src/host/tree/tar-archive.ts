import { createGzip } from "node:zlib";
import { pipeline } from "node:stream/promises";

/** A file to be put into an archive. */
export interface ArchivedFile {
  /** Relative, with "/". */
  readonly path: string;
  /** Octal. */
  readonly mode: string;
  readonly content: Uint8Array;
}

const BLOCK = 512;
/** Room in a ustar header: for the last part of a path, and for the folders before it. */
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

/**
 * Files as one gzipped tar (POSIX ustar; pax records for paths that are too long for it). Everything belongs to root and
 * is of 1970, so that the same files make the same archive.
 *
 * Written here and not by a package: the ones there are bring a dozen others for what is a page of code.
 */
export async function gzippedTar(files: AsyncIterable<ArchivedFile>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  // Level 1: on a fast link the better levels cost more time than they save.
  const gzip = createGzip({ level: 1 });
  await pipeline(tarBlocks(files), gzip, async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}

async function* tarBlocks(files: AsyncIterable<ArchivedFile>): AsyncGenerator<Uint8Array> {
  for await (const { path, mode, content } of files) {
    const split = splitPath(path);
    if (split === undefined) {
      const record = paxRecord("path", path);
      yield header({ name: "pax", prefix: "" }, "0644", record.length, "x");
      yield padded(record);
    }
    yield header(split ?? { name: "long-path", prefix: "" }, mode, content.length, "0");
    if (content.length > 0) yield padded(content);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The path as a header holds it; undefined where it is too long for one. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (Buffer.byteLength(path) <= NAME_BYTES) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= PREFIX_BYTES && Buffer.byteLength(name) <= NAME_BYTES) {
      return { name, prefix };
    }
  }
  return undefined;
}

/** "LENGTH KEY=VALUE\n", where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function header(
  path: { readonly name: string; readonly prefix: string },
  mode: string,
  size: number,
  type: "0" | "x",
): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  block.write(path.name, 0);
  block.write(`${mode.padStart(7, "0")}\0`, 100);
  block.write(`${octal(0, 7)}\0`, 108);
  block.write(`${octal(0, 7)}\0`, 116);
  block.write(`${octal(size, 11)}\0`, 124);
  block.write(`${octal(0, 11)}\0`, 136);
  block.write(" ".repeat(8), 148);
  block.write(type, 156);
  block.write("ustar", 257);
  // The version is two digits, after the magic's NUL byte.
  block.write("00", 263);
  block.write(path.prefix, 345);
  // The sum of all bytes, its own eight counted as spaces.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function padded(content: Uint8Array): Uint8Array {
  const rest = content.length % BLOCK;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)]);
}
