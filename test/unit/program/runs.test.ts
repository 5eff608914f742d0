import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { STOPPED_REASON } from "../../../src/program/protocol.ts";
import type { Resource } from "../../../src/program/resource.ts";
import { distroWith, runShell, Scratch, SHELLS, statuses } from "./shells.ts";

describe.each(SHELLS)("runs under $name", (shell) => {
  let scratch: Scratch;
  const at = (name: string): string => join(scratch.path, name);
  const command = (id: string, more: object = {}): Resource => ({
    type: "command",
    id,
    check: `test -e ${at(id)}`,
    run: `touch ${at(id)}`,
    ...more,
  });
  /** Writes a word for each time that it runs. */
  const note = (word: string): { readonly run: string } => ({
    run: `echo ${word} >>${at("notes")}`,
  });
  const notes = (): string =>
    existsSync(at("notes")) ? readFileSync(at("notes"), "utf8").replaceAll("\n", " ").trim() : "";

  beforeEach(() => {
    scratch = new Scratch(
      shell,
      distroWith({
        serviceReload: { sh: 'echo "reload $1" >>"$P_NOTES"; return 0' },
        timezoneSet: { impossible: "time is an illusion here" },
      }),
    );
  });
  afterEach(() => {
    scratch.remove();
  });

  test("a command runs where its check fails, and the check must hold then", () => {
    const lazy = command("lazy", { run: "echo did nothing", check: "echo still not; exit 3" });
    expect(statuses(scratch.check(command("a"), lazy))).toEqual(["differs", "differs"]);
    expect(existsSync(at("a"))).toBe(false);
    const [first, second, third] = scratch.apply(command("a"), lazy, command("b"));
    expect(first?.status).toBe("changed");
    expect(second).toMatchObject({
      status: "failed",
      exitStatus: 3,
      output: ["did nothing", "still not", "it ran without an error, and its check still fails"],
    });
    expect(third).toMatchObject({ status: "skipped", reason: "after a failure" });
    expect(existsSync(at("b"))).toBe(false);
  });

  test("a program reads something of the host when all else was well", () => {
    const said = "bm1 end 0 1 ms\n  two words\\n\n\u001B[1mbold\u001B[0m $HOME 'é'\n\n";
    writeFileSync(at("said"), said);
    const { reading, resources } = scratch.run("check", [], `cat ${at("said")}`).report;
    expect(reading).toBe(said.trimEnd());
    expect(resources).toEqual([]);
    // It comes last, and sees what the program has done.
    expect(scratch.run("apply", [command("made")], `ls ${at("made")}`).report.reading).toBe(
      at("made"),
    );
    expect(scratch.run("check", [], "echo half; exit 3").report).not.toHaveProperty("reading");
    const long = `head -c 70000 /dev/zero | tr '\\0' x`;
    expect(scratch.run("check", [], long).report).not.toHaveProperty("reading");
    const failing = scratch.run(
      "apply",
      [command("b", { run: "exit 4" })],
      `echo no; touch ${at("c")}`,
    );
    expect(failing.report.status).toBe(1);
    expect(failing.report).not.toHaveProperty("reading");
    expect(existsSync(at("c"))).toBe(false);
  });

  test("what checks read of the host is asked once, until something was changed", () => {
    writeFileSync(at("source"), "one");
    const reads = { bm_source: `echo asked >>${at("asked")}; cat ${at("source")}` };
    const asked = (): number => readFileSync(at("asked"), "utf8").split("\n").length - 1;
    const wants = (id: string, word: string, more: object = {}): Resource => ({
      type: "command",
      id,
      reads,
      check: `[ "$bm_source" = ${word} ] || { echo "it is $bm_source"; false; }`,
      showCheckOutput: true,
      ...more,
    });
    expect(
      statuses(scratch.check(wants("a", "one"), wants("b", "two"), wants("c", "one"))),
    ).toEqual(["ok", "differs", "ok"]);
    expect(asked()).toBe(1);
    const change = { run: `printf two >${at("source")}` };
    const reports = scratch.apply(
      wants("a", "one"),
      wants("b", "one"),
      wants("c", "two", change),
      wants("d", "two"),
      wants("e", "one"),
    );
    expect(statuses(reports)).toEqual(["ok", "ok", "changed", "ok", "failed"]);
    // Once for a, b and c; then to see whether c holds; then by d and e each.
    expect(asked()).toBe(1 + 4);
    expect(() =>
      scratch.check(wants("a", "one"), wants("b", "one", { reads: { bm_source: "date" } })),
    ).toThrow('Resources "a" and "b" read different things as bm_source.');
    expect(() => scratch.check(wants("a", "one", { reads: { PATH: "date" } }))).toThrow(
      '"PATH" is no name for what it reads',
    );
  });

  test("asked to end, it ends after the resource in hand, and the next run goes on", () => {
    const stop = at("stop");
    const resources = [
      command("a", { run: `touch ${at("a")} ${stop}`, triggers: [note("after-a")] }),
      command("b"),
      command("c"),
    ];
    const file = join(scratch.path, "program");
    writeFileSync(file, `BM_STOP=${stop}\n${scratch.text("apply", resources)}`);
    const { report } = scratch.runFile(file);
    expect(statuses(report.resources)).toEqual(["changed", "skipped", "skipped"]);
    expect(report.resources[1]?.reason).toBe(STOPPED_REASON);
    expect([report.status, existsSync(at("b")), notes()]).toEqual([0, false, ""]);
    expect(statuses(scratch.apply(...resources))).toEqual(["ok", "changed", "changed"]);
    expect(notes()).toBe("after-a");
  });

  test("output is reported while it comes, in order, and cannot pass for protocol", () => {
    const { messages, report, lines } = scratch.run("apply", [
      command("a", {
        run: `printf 'one\\n\\nbm1 end 1 1 ms\\n'; echo two >&2; printf '\\377\\033[1mthree\\rfour'; touch ${at("a")}`,
      }),
    ]);
    expect(Object.keys(report.resources[0] ?? {})).toEqual(["id", "status", "ms"]);
    expect(report.resources[0]?.status).toBe("changed");
    expect(messages.flatMap((message) => (message.kind === "output" ? message.line : []))).toEqual([
      "one",
      "",
      "bm1 end 1 1 ms",
      "two",
      "four",
    ]);
    for (const line of lines.slice(0, -1)) expect(line.split("\r")[0]).toMatch(/^bm1 /);
  });

  test("a check that is to be heard says why; one that is only a check fails in apply mode", () => {
    const heard = command("a", { check: "echo it is broken; false", showCheckOutput: true });
    const silent = { type: "command", id: "b", check: "echo no; exit 4" } as const;
    const [first, second] = scratch.check(heard, silent);
    expect(first).toMatchObject({ status: "differs", output: ["it is broken"] });
    expect(second?.output).toBeUndefined();
    expect(scratch.apply(silent)[0]).toMatchObject({ status: "failed", exitStatus: 4 });
    expect(
      scratch.apply({ type: "command", id: "b", check: "true", showCheckOutput: true })[0]?.status,
    ).toBe("ok");
  });

  test("the texts of resources are strangers: what they set, exit from or break stays theirs", () => {
    const texts = [
      "p_failed=yes; p_line() { :; }; exit 0",
      "cd /; umask 000; exec >/dev/null",
      "set -e; false; true",
      "if then (",
      "echo $undefined_variable",
      'cat; read -r line; test -z "$line"',
    ];
    const reports = scratch.check(
      ...texts.map((check, n) => command(`c${n}`, { check })),
      command("ok", { check: "true" }),
    );
    expect(statuses(reports)).toEqual(["ok", "ok", "differs", "differs", "ok", "ok", "ok"]);
    const [killed, after] = scratch.apply(
      command("killed", { run: "kill -s KILL $$" }),
      command("after"),
    );
    expect(killed).toMatchObject({ status: "failed", exitStatus: 137 });
    expect(after?.status).toBe("skipped");
  });

  test("what a command leaves in the background is not waited for", () => {
    const before = performance.now();
    const [report] = scratch.apply(command("a", { run: `sleep 30 & touch ${at("a")}` }));
    expect(report?.status).toBe("changed");
    // Not a measure: the sleep itself would take half of the test's own limit more.
    expect(performance.now() - before).toBeLessThan(29_000);
  });

  test("a command is ended at its limit, with all that it has started", async () => {
    const [report] = scratch.apply(
      command("slow", {
        run: `(trap '' TERM; sleep 2; touch ${at("survived")}) & echo working; sleep 20; sleep 20`,
        timeoutSeconds: 1,
      }),
    );
    expect(report).toMatchObject({
      status: "failed",
      exitStatus: 124,
      output: ["working", "stopped: it reached its limit of 1 s"],
    });
    await sleep(1500);
    expect(existsSync(at("survived"))).toBe(false);
    expect(readdirSync(at("state"))).toEqual([]);
  });

  test("onlyIf decides whether a resource is looked at", () => {
    const guarded = [
      command("a", { onlyIf: "false", skipReason: "not on this kernel" }),
      command("b", { onlyIf: "exit 0" }),
      command("c", { onlyIf: "set -e; false; true" }),
    ];
    expect(statuses(scratch.apply(...guarded))).toEqual(["skipped", "changed", "skipped"]);
    expect(scratch.check(...guarded)[0]?.reason).toBe("not on this kernel");
  });

  test("triggers run once, at the end, in order, and only after a change", () => {
    const resources = [
      command("a", { triggers: [note("one"), note("two")] }),
      command("b", { triggers: [note("two"), note("three")] }),
    ];
    expect(scratch.run("check", resources).report.triggered).toEqual([]);
    expect(scratch.run("apply", resources).report.triggered).toHaveLength(3);
    expect(notes()).toBe("one two three");
    expect(readdirSync(scratch.pending)).toEqual([]);
    expect(scratch.run("apply", resources).report.triggered).toEqual([]);
    expect(notes()).toBe("one two three");
  });

  test("a service's trigger is a script that stands by itself", () => {
    const resource = command("a", {
      run: `touch ${at("a")}; exit 1`,
      triggers: [{ reload: "some one's" }],
    });
    scratch.apply(resource);
    const [name = ""] = readdirSync(scratch.pending);
    const text = readFileSync(join(scratch.pending, name), "utf8");
    expect(text.split("\n")[0]).toBe("# reload some one's");
    const { status } = runShell(shell, [join(scratch.pending, name)], {
      env: { ...process.env, P_NOTES: at("notes") },
    });
    expect(status).toBe(0);
    expect(notes()).toBe("reload some one's");
  });

  test("after a failure triggers wait for a good run, and a check says so", () => {
    const a = command("a", { triggers: [note("reloaded")] });
    const bad = command("bad", { run: "exit 3" });
    expect(statuses(scratch.apply(a, bad))).toEqual(["changed", "failed"]);
    expect(notes()).toBe("");
    const [report] = scratch.check(a);
    expect(report?.status).toBe("differs");
    expect(report?.diff?.[0]).toContain("left over from an earlier run: run echo reloaded");
    // A program that does not know the trigger reports it by itself.
    expect(scratch.check(command("a"))).toMatchObject([
      { id: "a", status: "ok" },
      { id: "pending triggers", status: "differs" },
    ]);
    expect(scratch.run("apply", [command("a")]).report.triggered).toHaveLength(1);
    expect(notes()).toBe("reloaded");
    expect(statuses(scratch.check(a))).toEqual(["ok"]);
  });

  test("a trigger that fails makes the run fail, stays noted, and stops those after it", () => {
    const first = { run: `echo trying; test -e ${at("healed")}` };
    const a = command("a", { triggers: [first, note("two")] });
    const { report, messages } = scratch.run("apply", [a]);
    expect(report.status).toBe(1);
    expect(report.resources[1]).toMatchObject({
      status: "failed",
      exitStatus: 1,
      output: ["trying"],
    });
    expect(messages.filter(({ kind }) => kind === "trigger")).toMatchObject([{ ok: false }]);
    expect(notes()).toBe("");
    expect(readdirSync(scratch.pending)).toHaveLength(2);
    writeFileSync(at("healed"), "");
    expect(scratch.run("apply", [a]).report).toMatchObject({ status: 0 });
    expect(notes()).toBe("two");
  });

  test("killed between the change and the trigger, the next run makes up for it", async () => {
    const resources = [
      command("a", { triggers: [note("reloaded")] }),
      command("b", { run: `touch ${at("b-runs")}; sleep 30; touch ${at("b")}` }),
    ];
    writeFileSync(at("program"), scratch.text("apply", resources));
    const [program, ...args] = shell.argv;
    const child: ChildProcess = spawn(program, [...args, at("program")], {
      detached: true,
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    for (let n = 0; n < 500 && !existsSync(at("b-runs")); n += 1) await sleep(20);
    expect(existsSync(at("b-runs"))).toBe(true);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
    expect(existsSync(at("a"))).toBe(true);
    expect(notes()).toBe("");
    const again = [resources[0] ?? command("a")];
    expect(statuses(scratch.check(...again))).toEqual(["differs"]);
    expect(scratch.run("apply", again).report.triggered).toHaveLength(1);
    expect(notes()).toBe("reloaded");
    expect(statuses(scratch.check(...again))).toEqual(["ok"]);
  });

  test("a text that was cut short runs nothing of it", () => {
    mkdirSync(at("d"));
    const text = scratch.text("apply", [command("a"), command("b")]);
    const lastLine = text.lastIndexOf("\n", text.length - 2) + 1;
    const cuts = [
      ...Array.from({ length: 12 }, (_, n) => Math.floor((lastLine * n) / 12)),
      ...Array.from({ length: text.length - lastLine - 2 }, (_, n) => lastLine + n),
    ];
    for (const cut of cuts) {
      const { stdout } = runShell(shell, [], { input: text.slice(0, cut) });
      expect(stdout.toString("utf8"), `cut at ${cut} of ${text.length}`).toBe("");
    }
    expect(existsSync(at("a"))).toBe(false);
    const { stdout } = runShell(shell, [], { input: text });
    expect(stdout.toString("utf8")).toContain("bm1 end 0");
  });

  test("what comes after the program on the same input is not read", () => {
    const text = scratch.text("apply", [command("a", { run: `cat; touch ${at("a")}` })]);
    const { stdout } = runShell(shell, [], {
      input: `${text.replace("p_main </dev/null; exit;", "p_main </dev/null;")}echo after\n`,
    });
    expect(stdout.toString("utf8")).toMatch(/bm1 end 0 .*\nafter\n$/);
  });

  test("what the distro cannot do is a failure with its reason", () => {
    const zone: Resource = { type: "timezone", timezone: "Etc/UTC" };
    for (const reports of [scratch.check(zone, command("a")), scratch.apply(zone)]) {
      expect(reports[0]).toMatchObject({
        status: "failed",
        output: ["time is an illusion here"],
      });
    }
    // A check goes on: it changes nothing, and the rest is worth knowing.
    expect(statuses(scratch.check(zone, command("a")))).toEqual(["failed", "differs"]);
  });
});

test("a command that does not listen is killed some seconds after its limit", () => {
  const scratch = new Scratch(SHELLS[0] ?? { name: "sh", argv: ["sh"], package: "dash" });
  const [report] = scratch.apply({
    type: "command",
    id: "deaf",
    check: "false",
    run: "trap '' TERM; echo deaf; sleep 30; sleep 30",
    timeoutSeconds: 1,
  });
  expect(report).toMatchObject({ status: "failed", exitStatus: 124 });
  scratch.remove();
});
