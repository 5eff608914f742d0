import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  closingMark,
  followScript,
  HOST_STATE,
  parseHolder,
  RUN_ABSENT,
  RUN_BUSY,
  startScript,
  waitForIdleScript,
} from "../../../src/host/run-texts.ts";
import { SHELLS } from "../transport/shells.ts";

let directory: string;
let state: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-runs-"));
  state = join(directory, "state");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = (id: string) => ({ id, title: "shop web1 prepare", who: "ada@laptop" });

describe.each(SHELLS)("$name", ({ argv }) => {
  /** A PATH on which `sh` is this shell, and `tail` is BusyBox's where it is that shell's turn. */
  function path(): string {
    const bin = join(directory, "bin");
    if (!existsSync(bin)) {
      mkdirSync(bin);
      const place = spawnSync("sh", ["-c", `command -v ${argv[0]}`], {
        encoding: "utf8",
      }).stdout.trim();
      symlinkSync(place, join(bin, "sh"));
      if (argv[0] === "busybox")
        for (const name of ["tail", "head", "wc"]) symlinkSync(place, join(bin, name));
    }
    return `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
  }
  const here = (script: string): string => script.replaceAll(HOST_STATE, state);
  const sh = (script: string) =>
    spawnSync("sh", ["-c", here(script)], {
      encoding: "utf8",
      env: { ...process.env, PATH: path() },
      timeout: 15_000,
    });

  test("a program's report is followed to its closing line, and nothing secret stays", () => {
    const result = sh(
      startScript(run("r1"), "echo 'a \\ b'; echo $(id -u); umask -S; echo err >&2; exit 3\n"),
    );
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).toBe(
      `a \\ b\n${process.getuid?.()}\nu=rwx,g=rx,o=rx\n${closingMark("r1")}3\n`,
    );
    expect(readdirSync(join(state, "runs/r1")).sort()).toEqual(["errors", "log", "pid", "runner"]);
    expect(readFileSync(join(state, "runs/r1/errors"), "utf8")).toBe("err\n");
    expect(readdirSync(state)).toEqual(["runs"]);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(statSync(join(state, "runs/r1/log")).mode & 0o777).toBe(0o600);
  });

  test("a program comes there byte for byte, whatever its lines begin with", () => {
    const text = ["B", "M", "X", "Q"].map((first) => `${first}ücher`).join("\n");
    const result = sh(startScript(run("r1"), `cat <<'=end='\n${text}\n=end=\n`));
    expect(result.stdout).toBe(`${text}\n${closingMark("r1")}0\n`);
  });

  test("a run that exists is followed and not started again, from any byte", () => {
    const first = sh(startScript(run("r1"), "echo one; echo two; echo x >>$0.count\n"));
    const again = sh(startScript(run("r1"), "echo one; echo two; echo x >>$0.count\n"));
    expect(again.stdout).toBe(first.stdout);
    expect(readFileSync(join(state, "runs/r1/program.count"), "utf8")).toBe("x\n");
    expect(sh(followScript("r1", 4)).stdout).toBe(`two\n${closingMark("r1")}0\n`);
    expect(sh(followScript("r2", 0)).status).toBe(RUN_ABSENT);
  });

  test("output that comes slowly is handed on while the program runs", async () => {
    const script = here(
      startScript(
        run("r1"),
        `echo begun; while ! test -e ${directory}/go; do sleep 0.05; done; echo end\n`,
      ),
    );
    const child = spawn("sh", ["-c", script], { env: { ...process.env, PATH: path() } });
    let text = "";
    for await (const piece of child.stdout) {
      text += String(piece);
      if (text === "begun\n") writeFileSync(join(directory, "go"), "");
    }
    expect(text).toBe(`begun\nend\n${closingMark("r1")}0\n`);
  });

  test("a second program finds the host busy, and knows by whom; afterwards it is idle", async () => {
    const script = here(
      startScript(run("r1"), `echo begun; while ! test -e ${directory}/go; do sleep 0.05; done\n`),
    );
    const child = spawn("sh", ["-c", script], { env: { ...process.env, PATH: path() } });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const second = sh(startScript(run("r2"), "echo never\n"));
    expect(second.stdout).toMatch(
      new RegExp(
        `^bm-busy r2 title=shop web1 prepare\ttitle=|^bm-busy r2 title=shop web1 prepare\twho=ada@laptop\trun=r1\tsince=\\d{4}-.*\n${closingMark("r2")}${RUN_BUSY}\n$`,
      ),
    );
    expect(existsSync(join(state, "runs/r2/program"))).toBe(false);
    const waited = sh(waitForIdleScript(100));
    expect(waited.status).toBe(RUN_BUSY);
    expect(parseHolder(waited.stdout)).toMatchObject({
      title: "shop web1 prepare",
      who: "ada@laptop",
    });
    writeFileSync(join(directory, "go"), "");
    expect(sh(waitForIdleScript(10_000)).status).toBe(0);
    await new Promise((resolve) => child.once("close", resolve));
  });

  test("the lock of a killed run is taken over, and its program is removed", () => {
    const killed = sh(startScript(run("r1"), "echo begun; kill -9 $PPID; kill -9 $$\n"));
    expect(killed.stdout).toBe("begun\n");
    expect(killed.stderr).toContain("bm-df");
    expect(readdirSync(join(state, "lock"))).toHaveLength(1);
    writeFileSync(join(state, "runs/r1/program"), "secret");
    expect(sh(waitForIdleScript(0)).status).toBe(0);
    const second = sh(startScript(run("r2"), "echo two\n"));
    expect(second.stdout).toBe(`two\n${closingMark("r2")}0\n`);
    expect(existsSync(join(state, "runs/r1/program"))).toBe(false);
    expect(existsSync(join(state, "lock"))).toBe(false);
  });

  test("an empty lock that its maker left behind does not stand in the way", () => {
    mkdirSync(join(state, "lock"), { recursive: true });
    expect(sh(startScript(run("r1"), "echo one\n")).stdout).toBe(`one\n${closingMark("r1")}0\n`);
  });

  test("of many at once, one runs at a time", async () => {
    const scripts = Array.from({ length: 6 }, (_, index) =>
      here(
        startScript(
          run(`r${index}`),
          `mkdir ${directory}/alone || echo TWO; sleep 0.2; rmdir ${directory}/alone\n`,
        ),
      ),
    );
    // A dead holder to take over makes it harder.
    mkdirSync(join(state, "lock"), { recursive: true });
    writeFileSync(join(state, "lock/holder.999999.1"), "title=dead\n");
    const outputs = await Promise.all(
      scripts.map(async (script) => {
        const child = spawn("sh", ["-c", script], { env: { ...process.env, PATH: path() } });
        let text = "";
        for await (const piece of child.stdout) text += String(piece);
        return text;
      }),
    );
    expect(outputs.join("")).not.toContain("TWO");
    expect(outputs.filter((text) => text.startsWith("bm-closed"))).not.toEqual([]);
    for (const text of outputs) expect(text).toMatch(/bm-closed r\d (0|75)\n$/);
  });

  test("the last five runs are kept, and those that have not ended or may still be read", () => {
    const log = (id: string): string => join(state, "runs", id, "log");
    const longAgo = new Date(Date.now() - 180_000);
    for (let index = 1; index <= 7; index++) {
      const id = `r${index}`;
      sh(startScript(run(id), "true\n"));
      if (id === "r1") writeFileSync(log(id), "bm-open r1\n");
      if (id !== "r2") utimesSync(log(id), longAgo, longAgo);
    }
    expect(readdirSync(join(state, "runs"))).toEqual(["r1", "r2", "r3", "r4", "r5", "r6", "r7"]);
    utimesSync(log("r2"), longAgo, longAgo);
    sh(startScript(run("r8"), "true\n"));
    expect(readdirSync(join(state, "runs"))).toEqual(["r1", "r4", "r5", "r6", "r7", "r8"]);
  });

  test("a text cut short starts nothing", () => {
    const text = here(startScript(run("r1"), "echo never\n"));
    const quoted = `( eval '${text.replaceAll("'", `'\\''`)}' )\n`;
    for (const part of [0.3, 0.6, 0.9, 0.99]) {
      spawnSync("sh", [], {
        input: quoted.slice(0, Math.floor(quoted.length * part)),
        env: { ...process.env, PATH: path() },
      });
      expect(existsSync(state)).toBe(false);
    }
  });
});
