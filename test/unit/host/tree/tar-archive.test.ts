import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ArchivedFile, gzippedTar } from "../../../../src/host/tree/tar-archive.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bm-tar-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function* each(files: readonly ArchivedFile[]): AsyncGenerator<ArchivedFile> {
  yield* files;
}

type Shown = Record<keyof ArchivedFile, string>;

/** The real tar reads it. */
async function unpack(files: readonly ArchivedFile[]): Promise<readonly Shown[]> {
  const archive = await gzippedTar(each(files));
  execFileSync("tar", ["-C", folder, "-xzpf", "-"], { input: archive });
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => lstatSync(join(folder, path)).isFile())
    .map((path) => ({
      path,
      mode: (lstatSync(join(folder, path)).mode & 0o7777).toString(8).padStart(4, "0"),
      content: readFileSync(join(folder, path), "latin1"),
    }));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const byPath = (a: Shown, b: Shown): number => (a.path < b.path ? -1 : 1);

it("is read by tar as it was written", async () => {
  const files: readonly ArchivedFile[] = [
    { path: "empty", mode: "0600", content: bytes("") },
    { path: "bin/exact block", mode: "0755", content: bytes("x".repeat(512)) },
    { path: "-n 'quoted' $x \\ *", mode: "0644", content: bytes("dash\n") },
    { path: "ä/ö/日本語", mode: "0640", content: bytes("utf-8\n") },
    { path: `${"d".repeat(100)}/${"f".repeat(100)}`, mode: "0644", content: bytes("ustar prefix") },
    { path: "ä".repeat(120), mode: "0644", content: bytes("pax") },
    { path: `${`${"e".repeat(90)}/`.repeat(5)}f`, mode: "0604", content: bytes("deep") },
    { path: "large", mode: "0644", content: new Uint8Array(3_000_000).fill(7) },
  ];
  const shown = files.map(({ path, mode, content }) => ({
    path,
    mode,
    content: Buffer.from(content).toString("latin1"),
  }));
  expect((await unpack(files)).toSorted(byPath)).toEqual(shown.toSorted(byPath));
});

it("may be empty", async () => {
  expect(await unpack([])).toEqual([]);
});

it("fails where it is cut short", async () => {
  const archive = await gzippedTar(
    each([{ path: "a", mode: "0644", content: new Uint8Array(100_000).map((_, i) => i * 31) }]),
  );
  expect(() =>
    execFileSync("tar", ["-C", folder, "-xzpf", "-"], {
      input: archive.subarray(0, archive.length - 5),
      stdio: ["pipe", "pipe", "pipe"],
    }),
  ).toThrow(/unexpected end of file/);
});
