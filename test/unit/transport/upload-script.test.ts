import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { posixChecksum } from "../../../src/transport/checksum.ts";
import { uploadScript } from "../../../src/transport/upload-script.ts";
import { SHELLS } from "./shells.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-upload-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.each(SHELLS)("$name", ({ argv: [program, ...flags] }) => {
  const upload = (path: string, content: Buffer, sent = content) =>
    spawnSync(
      program,
      [
        ...flags,
        "-c",
        uploadScript({
          path,
          mode: "0640",
          checksum: posixChecksum(content),
          bytes: content.length,
          suffix: "x",
        }),
      ],
      { input: sent, encoding: "utf8" },
    );

  test("a file of any bytes arrives whole, with its mode, and nothing else is left", () => {
    const content = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
    const path = join(directory, "it's a $file");
    expect(upload(path, content)).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(directory)).toEqual(["it's a $file"]);
  });

  test("a file cut short on its way never takes the old one's place", () => {
    const path = join(directory, "file");
    writeFileSync(path, "old");
    const result = upload(path, Buffer.from("new content"), Buffer.from("new con"));
    expect(result.status).toBe(75);
    expect(result.stderr).toContain("only 7 of 11 bytes");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(directory)).toEqual(["file"]);
  });

  test("a directory is not written into", () => {
    expect(upload(directory, Buffer.from("x")).status).toBe(73);
  });

  test("a missing directory is told", () => {
    const result = upload(join(directory, "none", "file"), Buffer.from("x"));
    expect(result.status).toBe(74);
    expect(result.stderr).not.toBe("");
  });
});
