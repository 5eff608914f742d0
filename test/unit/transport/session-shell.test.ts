import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { RunOptions } from "../../../src/transport/contract.ts";
import { SessionShell } from "../../../src/transport/session-shell.ts";
import {
  beginMarker,
  channelCommand,
  channelLine,
  endMarker,
  killChildrenScript,
  sessionCommand,
} from "../../../src/transport/shell-frame.ts";
import { SHELLS } from "./shells.ts";

/** What stands for ssh and the host here: the remote command run by a login shell of this computer. */
interface Local {
  readonly shell: SessionShell;
  run(script: string, options?: RunOptions): ReturnType<SessionShell["run"]>;
}

let directory: string;
let open: Local[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-session-"));
});
afterEach(async () => {
  await Promise.all(open.map(({ shell }) => shell.close()));
  open = [];
  rmSync(directory, { recursive: true });
});

/** A PATH on which `sh` is the given shell; more programs can be put in front of the real ones. */
function pathWith(
  argv: readonly string[],
  programs: Readonly<Record<string, string>> = {},
): string {
  const bin = join(directory, randomBytes(4).toString("hex"));
  mkdirSync(bin);
  const place = spawnSync("sh", ["-c", `command -v ${argv[0]}`], {
    encoding: "utf8",
  }).stdout.trim();
  if (argv.length === 1 || argv[0] === "bash" || argv[0] === "busybox") {
    // Both look at the name that they are called by: `sh` is the POSIX one.
    symlinkSync(place, join(bin, "sh"));
  }
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  return `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
}

function openLocal(
  options: {
    readonly argv?: readonly string[];
    readonly login?: string;
    readonly programs?: Readonly<Record<string, string>>;
    readonly wants?: "root" | "user";
    readonly before?: string;
  } = {},
): Local {
  const marker = `bm${randomBytes(12).toString("hex")}`;
  const command = sessionCommand(marker, options.wants ?? "root");
  const child = spawn(options.login ?? "sh", ["-c", `${options.before ?? ""}${command}`], {
    env: { ...process.env, PATH: pathWith(options.argv ?? ["dash"], options.programs) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const shell = new SessionShell(child, marker, "web1");
  const local: Local = {
    shell,
    run: async (script, runOptions = {}) =>
      shell.run(script, runOptions, async () => {
        const { pid } = await shell.hello;
        spawnSync("sh", ["-c", killChildrenScript(pid)]);
      }),
  };
  open.push(local);
  return local;
}

describe.each(SHELLS)("a session in $name", ({ argv }) => {
  test("scripts run one after another, each with its output, status and no standard input", async () => {
    const session = openLocal({ argv });
    expect((await session.shell.hello).role).toBe("root");
    const results = await Promise.all([
      session.run("echo one; echo err >&2; exit 3"),
      session.run("cat; printf 'no newline'"),
      session.run("x=1; cd /tmp; set -- a b; exit 0"),
      session.run('echo "x=$x $# $(pwd)"'),
    ]);
    expect(results[0]).toEqual({ status: 3, stdout: "one\n", stderr: "err\n" });
    expect(results[1]).toEqual({ status: 0, stdout: "no newline", stderr: "" });
    expect(results[3]?.stdout).toMatch(/^x= 0 \/(?!tmp)/);
  });

  test("text that is hard to quote arrives as it was written", async () => {
    const session = openLocal({ argv });
    const text = `it's "quoted" \\n $HOME \`id\` !x\t\u00FC\n  end`;
    const result = await session.run(`cat <<'END_OF_TEXT'\n${text}\nEND_OF_TEXT`);
    expect(result.stdout).toBe(`${text}\n`);
  });

  test("a syntax error, an exit and a changed environment stay in their script", async () => {
    const session = openLocal({ argv });
    expect((await session.run("if true; then")).status).not.toBe(0);
    expect((await session.run("echo 'open")).status).not.toBe(0);
    expect((await session.run("PATH=/nowhere; exec >&-; exit 9")).status).toBe(9);
    expect(await session.run("echo fine")).toEqual({ status: 0, stdout: "fine\n", stderr: "" });
  });

  test("lines come as they are written", async () => {
    const session = openLocal({ argv });
    const lines: string[] = [];
    await session.run("printf 'a\\r\\n10%%\\r20%%\\n\\nlast'", {
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(["a", "20%", "", "last"]);
  });

  test("bytes come as they are, and are not kept", async () => {
    const session = openLocal({ argv });
    const bytes: Uint8Array[] = [];
    const result = await session.run("printf '\\377\\000x\\n'", {
      onBytes: (piece) => bytes.push(piece),
    });
    expect(Buffer.concat(bytes)).toEqual(Buffer.from([0xff, 0, 0x78, 10]));
    expect(result.stdout).toBe("");
  });

  test("a hundred scripts and five megabytes", async () => {
    const session = openLocal({ argv });
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => session.run(`echo ${index}`)),
    );
    expect(results.map(({ stdout }) => stdout)).toEqual(
      Array.from({ length: 100 }, (_, index) => `${index}\n`),
    );
    const big = await session.run("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo end");
    expect(big.stdout.length).toBe(5_000_005);
    expect(big.stdout.endsWith("x\nend\n")).toBe(true);
  });

  test("what a cancelled script has started is ended, and the session goes on", async () => {
    const session = openLocal({ argv });
    const stop = new AbortController();
    const file = join(directory, `pids-${argv[0]}`);
    const cancelled = session.run(
      `sleep 300 & echo $! >${file}; sh -c 'echo $$ >>${file}; echo begun; sleep 301; :'; echo never`,
      { signal: stop.signal, onLine: () => stop.abort() },
    );
    await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
    const after = await session.run(
      // One that was killed may wait some moments for its new parent, the computer's first process.
      `while read -r pid; do
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null && sleep 1; done
  kill -0 "$pid" 2>/dev/null && echo "$pid lives"
done <${file}; echo done`,
    );
    expect(after.stdout).toBe("done\n");
  });

  test("a script over its limit is ended with a timeout", async () => {
    const session = openLocal({ argv });
    await expect(session.run("sleep 300", { timeoutMs: 50 })).rejects.toMatchObject({
      code: "TIMEOUT",
      limitMs: 50,
    });
    expect((await session.run("echo alive")).stdout).toBe("alive\n");
  });

  test("an extra channel hands standard input to the script, byte for byte", () => {
    const marker = `bm${randomBytes(12).toString("hex")}`;
    const script = `echo "it's" '\\n' >&2\ncat\nexit 7`;
    const input = Buffer.from([0, 10, 0xff, 0x27, 0x5c, 10]);
    const result = spawnSync("sh", ["-c", channelCommand(false)], {
      env: { ...process.env, PATH: pathWith(argv) },
      input: Buffer.concat([Buffer.from(channelLine(marker, script)), input]),
    });
    expect(result.stderr.toString()).toContain("it's");
    expect(result.stdout).toEqual(
      Buffer.concat([
        Buffer.from(`${beginMarker(marker)}\n`),
        input,
        Buffer.from(`${endMarker(marker, 0)} 7\n`),
      ]),
    );
  });
});

describe("the way in", () => {
  test("what a login prints before the session is open is not taken for output", async () => {
    const session = openLocal({ before: "echo 'Welcome!'; echo 'motd on stderr' >&2; " });
    expect(await session.run("echo mine")).toEqual({ status: 0, stdout: "mine\n", stderr: "" });
  });

  test("what a login printed on standard error is not taken for output where that stream lags behind", async () => {
    const pipe = join(directory, "late");
    const relay = `while IFS= read -r line; do sleep 0.3; echo "$line" >&2; done <${pipe}`;
    const session = openLocal({
      before: `mkfifo ${pipe}; { ${relay}; } & exec 2>${pipe}; echo 'motd on stderr' >&2; `,
    });
    expect(await session.run("echo mine; echo words >&2")).toEqual({
      status: 0,
      stdout: "mine\n",
      stderr: "words\n",
    });
  });

  test("a shell that lets nobody in ends without a hello", async () => {
    const session = openLocal({
      before: "echo 'This account is currently not available.'; exit 1; ",
    });
    expect(await session.shell.ended).toMatchObject({
      status: 1,
      stdout: "This account is currently not available.\n",
    });
    await expect(session.run("true")).rejects.toMatchObject({ code: "DISCONNECTED" });
  });

  const ID = '#!/bin/sh\ncase $1 in -u) echo 1000;; *) echo "ada sudo";; esac\n';

  test("another user becomes root through sudo", async () => {
    const sudo = '#!/bin/sh\ntest "$1 $2" = "-n -H" || exit 9\nshift 2\nAS_ROOT=1 exec "$@"\n';
    const session = openLocal({ programs: { id: ID, sudo } });
    expect((await session.shell.hello).role).toBe("root");
    expect((await session.run("echo $AS_ROOT")).stdout).toBe("1\n");
  });

  test("where sudo refuses, the session is the user's, and sudo's words and the groups are known", async () => {
    const sudo = "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n";
    const session = openLocal({ programs: { id: ID, sudo } });
    const hello = await session.shell.hello;
    expect(hello).toMatchObject({ role: "user", groups: ["ada", "sudo"] });
    expect(hello.words).toContain("a password is required");
    expect((await session.run("echo still here")).stdout).toBe("still here\n");
  });

  test("when root's shell is killed, no other shell takes its place", async () => {
    const sudo = '#!/bin/sh\nshift 2\n"$@"\n';
    const session = openLocal({ programs: { id: ID, sudo } });
    const { pid } = await session.shell.hello;
    const running = session.run(`kill -9 ${pid}`);
    await expect(running).rejects.toMatchObject({ code: "DISCONNECTED" });
    await expect(session.run("echo as whom")).rejects.toMatchObject({ code: "DISCONNECTED" });
  });

  test("a link that ends while a script runs is told", async () => {
    const session = openLocal();
    const { pid } = await session.shell.hello;
    await expect(session.run(`echo half; kill -9 ${pid}; sleep 1`)).rejects.toMatchObject({
      code: "DISCONNECTED",
    });
  });

  test("remote commands hold nothing that a login shell could read in its own way", () => {
    for (const command of [
      sessionCommand("bm0", "root"),
      sessionCommand("bm0", "user"),
      channelCommand(true),
      channelCommand(false),
    ]) {
      expect(command).not.toMatch(/[\n\\!]/);
      // Outside of the single-quoted words: letters, blanks and hyphens only.
      expect(command.replaceAll(/'[^']*'/g, "")).toMatch(/^[a-zA-Z -]*$/);
    }
  });
});
