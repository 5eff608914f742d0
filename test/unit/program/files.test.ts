import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Resource } from "../../../src/program/resource.ts";
import { Scratch, SHELLS, statuses } from "./shells.ts";

/** Awkward for a shell in one way or another. */
const CONTENTS: readonly (readonly [name: string, content: string])[] = [
  ["text", "one\ntwo\n"],
  ["nothing", ""],
  ["no newline at its end", "one\ntwo"],
  ["newlines only", "\n\n\n"],
  ["what a shell would expand", "$HOME `id` $(id) \\ \\n 'a' \"b\" !x ~ *\n"],
  ["a backslash at the end", "one\\\ntwo\\"],
  ["carriage returns", "one\r\ntwo\r\n"],
  ["the delimiter of its own text", "a\nBOOTMACHINE\nBOOTMACHINE_\nb\n"],
  ["characters of several bytes", "h\u00e9\u0081\u0088\ufffd\u{1F600}\n"],
  ["control characters", "\u0001\u0002\u007f\u001b[1m\n"],
  ["half a megabyte of lines", "0123456789abcdef\n".repeat(30_000)],
  ["a very long line", "0123456789abcdef".repeat(15_000)],
  ["protocol", "bm1 done failed exit 1 1 ms\nbm1 end 1 1 ms\n"],
];

describe.each(SHELLS)("files under $name", (shell) => {
  let scratch: Scratch;
  const at = (name: string): string => join(scratch.path, name);
  const file = (more: Partial<Resource & { type: "file" }> = {}): Resource => ({
    type: "file",
    path: at("file"),
    content: "wanted\n",
    ...more,
  });

  beforeEach(() => {
    scratch = new Scratch(shell);
  });
  afterEach(() => {
    scratch.remove();
  });

  test("what a killed run left beside a file goes when the file is written", () => {
    writeFileSync(at(".bootmachine.AbC123"), "half a sec", { mode: 0o600 });
    writeFileSync(at(".bootmachine.keep"), "of somebody else");
    expect(statuses(scratch.apply(file()))).toEqual(["changed"]);
    expect(readdirSync(scratch.path).filter((name) => name.startsWith(".boot"))).toEqual([
      ".bootmachine.keep",
    ]);
  });

  test("files get and keep their content", () => {
    const files = CONTENTS.map(([name, content]) => file({ path: at(name), content }));
    const all = (status: string): string[] => CONTENTS.map(() => status);
    expect(statuses(scratch.check(...files))).toEqual(all("differs"));
    expect(existsSync(at("text"))).toBe(false);
    expect(statuses(scratch.apply(...files))).toEqual(all("changed"));
    for (const [name, content] of CONTENTS) {
      expect(readFileSync(at(name), "utf8") === content, name).toBe(true);
    }
    expect(statuses(scratch.apply(...files))).toEqual(all("ok"));
    // Without the sums that are looked up at the beginning, the contents themselves are compared.
    writeFileSync(at("program"), scratch.text("check", files).replaceAll("sha256sum", "no-sums"));
    expect(statuses(scratch.runFile(at("program")).report.resources)).toEqual(all("ok"));
    for (const [name, content] of CONTENTS) writeFileSync(at(name), `${content}x`);
    expect(statuses(scratch.check(...files))).toEqual(all("differs"));
  });

  test("any content is written byte for byte", () => {
    const content = fc
      .string({ unit: "binary", maxLength: 200 })
      .map((text) => text.replaceAll("\0", "").toWellFormed());
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 20 }), (contents) => {
        const files = contents.map((content, n) => file({ path: at(`f${n}`), content }));
        scratch.apply(...files);
        for (const [n, content] of contents.entries()) {
          expect(readFileSync(at(`f${n}`), "utf8")).toBe(content);
        }
        expect(new Set(statuses(scratch.check(...files)))).toEqual(new Set(["ok"]));
      }),
      { numRuns: 3 },
    );
  });

  test("mode and owner count as well", () => {
    scratch.apply(file({ mode: "4750", owner: "root", group: "daemon" }));
    expect(statSync(at("file")).mode & 0o7777).toBe(0o4750);
    expect(statSync(at("file")).gid).toBe(1);
    chmodSync(at("file"), 0o640);
    chownSync(at("file"), 1, 0);
    const [report] = scratch.check(file({ mode: "4750", owner: "root", group: "daemon" }));
    expect(report?.diff).toEqual(["-mode 640, owner daemon:root", "+mode 4750, owner root:daemon"]);
    expect(statuses(scratch.apply(file({ mode: "4750", group: "daemon" })))).toEqual(["changed"]);
    expect(statSync(at("file")).uid).toBe(0);
  });

  test("the default is root's and 0644, a secret's 0600", () => {
    scratch.apply(file(), file({ path: at("secret"), secret: true }));
    expect(statSync(at("file")).mode & 0o7777).toBe(0o644);
    expect(statSync(at("secret")).mode & 0o7777).toBe(0o600);
  });

  test("a difference is shown as a diff in check mode", () => {
    writeFileSync(at("file"), "found\nsame\n");
    const [report] = scratch.check(file({ content: "same\nwanted\n" }));
    expect(report?.diff).toEqual([
      `--- ${at("file")}`,
      "+++ wanted",
      "@@ -1,2 +1,2 @@",
      "-found",
      " same",
      "+wanted",
    ]);
  });

  test("without diff on the host, all lines of both are shown", () => {
    writeFileSync(at("file"), "found\n");
    const bin = at("bin");
    mkdirSync(bin);
    for (const tool of ["cat", "cmp", "date", "sed", "stat", "sha256sum", "printf"]) {
      symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
    }
    const path = at("program");
    const text = scratch.text("check", [file()]).replace(/^PATH=.*$/m, `PATH=${bin}`);
    writeFileSync(path, text);
    const { lines } = scratch.runFile(path);
    expect(lines.filter((line) => line.startsWith("bm1 diff"))).toEqual([
      `bm1 diff --- ${at("file")}`,
      "bm1 diff +++ wanted",
      "bm1 diff -found",
      "bm1 diff +wanted",
    ]);
  });

  test("a secret is not shown, neither its content nor what its validation prints", () => {
    const secret = file({
      content: "hunter2\n",
      secret: true,
      validate: 'cat "$1"; cat "$1" >&2; false',
    });
    writeFileSync(at("file"), "old hunter\n");
    const check = scratch.run("check", [secret]);
    expect(check.report.resources[0]?.status).toBe("differs");
    const apply = scratch.run("apply", [secret]);
    expect(apply.report.resources[0]?.status).toBe("failed");
    for (const { lines, stderr } of [check, apply]) {
      expect(lines.join("\n") + stderr).not.toContain("hunter");
    }
  });

  test("what is not valid is not put in place, and nothing is left of it", () => {
    writeFileSync(at("file"), "old\n");
    const before = readdirSync(scratch.path);
    const [report] = scratch.apply(
      file({ validate: 'test "$(cat "$1")" = wanted || exit 9; echo "line 3: no"; exit 5' }),
    );
    expect(report).toMatchObject({ status: "failed", exitStatus: 5 });
    expect(report?.output?.[0]).toBe("line 3: no");
    expect(readFileSync(at("file"), "utf8")).toBe("old\n");
    expect(readdirSync(scratch.path).toSorted()).toEqual([...before, "program"].toSorted());
  });

  test("a link at the path is replaced, not followed", () => {
    writeFileSync(at("target"), "target\n");
    mkdirSync(at("directory"));
    symlinkSync("target", at("file"));
    symlinkSync("directory", at("to-directory"));
    const files = [file(), file({ path: at("to-directory") })];
    expect(statuses(scratch.check(...files))).toEqual(["differs", "differs"]);
    expect(statuses(scratch.apply(...files))).toEqual(["changed", "changed"]);
    expect(lstatSync(at("file")).isFile()).toBe(true);
    expect(lstatSync(at("to-directory")).isFile()).toBe(true);
    expect(readFileSync(at("target"), "utf8")).toBe("target\n");
    expect(readdirSync(at("directory"))).toEqual([]);
  });

  test("a directory or a pipe in its place is left alone, and never waited for", () => {
    mkdirSync(at("file"));
    const [directory] = scratch.apply(file());
    expect(directory).toMatchObject({ status: "failed" });
    expect(directory?.output).toEqual([
      `${at("file")} is no file (it is: directory), and is left alone`,
    ]);
    scratch.sh(`mkfifo ${at("pipe")}`);
    expect(statuses(scratch.check(file({ path: at("pipe") })))).toEqual(["failed"]);
  });

  test("a parent that is not there is said so; in check mode it may still come", () => {
    const lost = file({ path: at("no/such/file") });
    expect(statuses(scratch.check(lost))).toEqual(["differs"]);
    const [report] = scratch.apply(lost);
    expect(report).toMatchObject({ status: "failed", exitStatus: 1 });
    expect(report?.output).toEqual([`the directory ${at("no/such")} does not exist`]);
  });

  test("root does not write into a directory that somebody else rules", () => {
    mkdirSync(at("home"));
    chownSync(at("home"), 1, 1);
    const [report] = scratch.apply(file({ path: at("home/file") }));
    expect(report?.status).toBe("failed");
    expect(report?.output?.[0]).toContain(`${at("home")} is ruled by daemon`);
    chownSync(at("home"), 0, 0);
    chmodSync(at("home"), 0o777);
    expect(statuses(scratch.apply(file({ path: at("home/file") })))).toEqual(["failed"]);
    chmodSync(at("home"), 0o1777);
    expect(statuses(scratch.apply(file({ path: at("home/file") })))).toEqual(["changed"]);
  });

  test("in a user's directory a file is written with that user's power", () => {
    chmodSync(scratch.path, 0o755);
    mkdirSync(at("home"));
    chownSync(at("home"), 1, 1);
    mkdirSync(at("roots"), 0o700);
    const hers = file({ path: at("home/file"), owner: "daemon", mode: "0640" });
    expect(statuses(scratch.apply(hers))).toEqual(["changed"]);
    expect(statSync(at("home/file"))).toMatchObject({ uid: 1, gid: 1 });
    expect(statuses(scratch.check(hers))).toEqual(["ok"]);
    // A link that she has laid into root's own directory leads nowhere.
    symlinkSync(at("roots"), at("home/link"));
    const through = file({ path: at("home/link/file"), owner: "daemon" });
    expect(statuses(scratch.apply(through))).toEqual(["failed"]);
    expect(readdirSync(at("roots"))).toEqual([]);
    writeFileSync(at("roots/file"), "");
    const removal: Resource = { type: "file", path: at("home/link/file"), state: "absent" };
    expect(statuses(scratch.apply(removal))).toEqual(["failed"]);
    expect(readdirSync(at("roots"))).toEqual(["file"]);
    const hersGone: Resource = { type: "file", path: at("home/file"), state: "absent" };
    expect(statuses(scratch.apply(hersGone))).toEqual(["changed"]);
    const directory: Resource = { type: "directory", path: at("home/config"), owner: "daemon" };
    expect(statuses(scratch.apply(directory))).toEqual(["changed"]);
    expect(statSync(at("home/config"))).toMatchObject({ uid: 1, mode: 0o40755 });
  });

  test("paths with blanks, quotes and patterns mean themselves", () => {
    const names = ["a b", "it's", '"q"', "*", "$HOME", "a|b", "-n", "back\\slash", "h\u00e9"];
    const files = names.map((name) => file({ path: at(name), content: `${name}\n` }));
    scratch.apply(...files);
    for (const name of names) expect(readFileSync(at(name), "utf8")).toBe(`${name}\n`);
    expect(new Set(statuses(scratch.check(...files)))).toEqual(new Set(["ok"]));
  });

  test("absent files and links go, directories only when they are empty", () => {
    writeFileSync(at("file"), "");
    symlinkSync("nowhere", at("link"));
    mkdirSync(at("empty"));
    mkdirSync(at("full/inner"), { recursive: true });
    const gone: readonly Resource[] = [
      { type: "file", path: at("file"), state: "absent" },
      { type: "symlink", path: at("link"), target: "", state: "absent" } as Resource,
      { type: "directory", path: at("empty"), state: "absent" },
    ].map((resource) => ({ ...resource, target: "x" }) as Resource);
    expect(statuses(scratch.check(...gone))).toEqual(["differs", "differs", "differs"]);
    expect(statuses(scratch.apply(...gone))).toEqual(["changed", "changed", "changed"]);
    expect(statuses(scratch.apply(...gone))).toEqual(["ok", "ok", "ok"]);
    const full: Resource = { type: "directory", path: at("full"), state: "absent" };
    expect(statuses(scratch.apply(full))).toEqual(["failed"]);
    expect(existsSync(at("full/inner"))).toBe(true);
    // An absent file is no order to remove a directory of that name.
    expect(statuses(scratch.apply({ type: "file", path: at("full"), state: "absent" }))).toEqual([
      "failed",
    ]);
  });

  test("directories: made, mended, and files are no directories", () => {
    const directory: Resource = { type: "directory", path: at("d"), mode: "2750", group: "daemon" };
    expect(statuses(scratch.apply(directory))).toEqual(["changed"]);
    expect(statSync(at("d")).mode & 0o7777).toBe(0o2750);
    expect(statuses(scratch.apply(directory))).toEqual(["ok"]);
    chmodSync(at("d"), 0o700);
    expect(statuses(scratch.apply(directory))).toEqual(["changed"]);
    writeFileSync(at("f"), "");
    expect(statuses(scratch.apply({ type: "directory", path: at("f") }))).toEqual(["failed"]);
  });

  test("links: made, mended, also where they name a directory", () => {
    mkdirSync(at("one"));
    mkdirSync(at("two"));
    const link = (target: string): Resource => ({ type: "symlink", path: at("link"), target });
    expect(statuses(scratch.apply(link("one")))).toEqual(["changed"]);
    expect(statuses(scratch.apply(link("one")))).toEqual(["ok"]);
    const [report] = scratch.check(link("two"));
    expect(report?.diff).toEqual([`-${at("link")} -> one`, `+${at("link")} -> two`]);
    expect(statuses(scratch.apply(link("two")))).toEqual(["changed"]);
    expect(readlinkSync(at("link"))).toBe("two");
    expect(readdirSync(at("one"))).toEqual([]);
  });
});
