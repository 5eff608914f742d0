import { readdirSync } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, test, vi } from "vitest";

import { makeProject, startProgram, type ProgramResult } from "./start-program.ts";

// Each test starts one to three programs, and a busy computer takes seconds for one.
vi.setConfig({ testTimeout: 60_000 });

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0))
    await rm(directory, { recursive: true, force: true });
});

async function project(behaviour: string): Promise<string> {
  const directory = await makeProject(behaviour);
  directories.push(directory);
  return directory;
}

async function run(behaviour: string, ...argv: readonly string[]): Promise<ProgramResult> {
  return startProgram(argv, await project(behaviour)).result;
}

/** Waits until it is told to stop. */
const PATIENT = `ensure: (request, { signal, progress }) => {
    progress("now waiting");
    return new Promise((_, reject) => {
      const timer = setInterval(() => {}, 1000);
      signal.addEventListener("abort", () => { clearInterval(timer); reject(signal.reason); });
    });
  },`;

/** Heeds nothing. */
const DEAF = `ensure: (request, { progress }) => {
    progress("now waiting");
    setInterval(() => {}, 1000);
    return new Promise(() => {});
  },`;

describe("exit status", () => {
  test("0: done", async () => {
    const { status, stdout, stderr } = await run("", "boot");
    expect(stderr).toBe("");
    expect(stdout).toContain("web1");
    expect(stdout).toContain("Done: boot shop, 2 servers");
    expect(status).toBe(0);
  });

  test("1: failed on one server, and the other went on", async () => {
    const failing = `ensure: async (request) => {
      if (request.server === "web1") {
        const { ProviderError } = await import("bootmachine");
        throw new ProviderError("PROVIDER_QUOTA", "No more than 5 machines.");
      }
      return { ...machine, server: request.server };
    },`;
    const { status, stdout } = await run(failing, "boot");
    expect(status).toBe(1);
    expect(stdout).toContain("FAILED web1 in boot: PROVIDER_QUOTA No more than 5 machines.");
    expect(stdout).toMatch(/web2 +changed/);
  });

  test("2: usage, and nothing was loaded", async () => {
    const { status, stderr } = await run("", "boot", "--dryrun");
    expect(status).toBe(2);
    expect(stderr).toContain("--dryrun");
  });

  test("2: the config ends the process while it loads", async () => {
    const { status, stdout, stderr } = await run("...process.exit(0),", "plan", "--json");
    expect(stderr).toContain("CONFIG_CODE_FAILED: The config ended the process.");
    expect(stdout).toContain('"code":"CONFIG_CODE_FAILED"');
    expect(status).toBe(2);
  });

  test("2: no such server", async () => {
    const { status, stderr } = await run("", "boot", "--server", "mail*");
    expect(status).toBe(2);
    expect(stderr).toContain("SELECTION_EMPTY");
    expect(stderr).toContain("web1");
  });

  test("3: destroy without anybody to ask destroys nothing", async () => {
    const { status, stderr } = await run(
      `observe: async () => [machine], destroy: async () => { throw new Error("destroyed"); },`,
      "destroy",
    );
    expect(stderr).toContain("NOT_CONFIRMED");
    expect(stderr).toContain("web1");
    expect(stderr).toContain("127.0.0.1");
    expect(status).toBe(3);
  });

  test("3: packages are named, and not installed without a yes", async () => {
    const behaviour = `prerequisites: async () => ({
      missing: [], packages: ["mmdebstrap", "systemd-container"],
      install: async () => { throw new Error("installed"); },
    }),`;
    const { status, stderr } = await run(behaviour, "boot");
    expect(status).toBe(3);
    expect(stderr).toContain("PREREQUISITE_MISSING");
    expect(stderr).toContain("mmdebstrap systemd-container");
    expect(stderr).toContain("bootmachine boot --yes");
  });

  test("70: a defect is said to be one, with a file for the report", async () => {
    const directory = await project(`observe: async () => undefined.length,`);
    const { status, stderr } = await startProgram(["boot"], directory).result;
    expect(status).toBe(70);
    expect(stderr).toContain("INTERNAL");
    expect(
      readdirSync(directory).filter((name) => name.startsWith("bootmachine-defect-")),
    ).toHaveLength(1);
  });

  test("70: what nobody catches", async () => {
    const behaviour = `observe: async () => { setTimeout(() => { throw new TypeError("nobody catches me"); }, 1); await new Promise((done) => setTimeout(done, 200)); return []; },`;
    const { status, stderr } = await run(behaviour, "boot");
    expect(stderr).toContain("nobody catches me");
    expect(status).toBe(70);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "130: %s, and the step in hand was ended",
    async (signal) => {
      const program = startProgram(["boot"], await project(PATIENT));
      await program.shown("now waiting");
      program.kill(signal);
      const { status, stdout } = await program.result;
      expect(stdout).toContain("finishing the step in hand");
      expect(stdout).toContain("goes on where it stopped");
      expect(status).toBe(130);
    },
  );

  test("130: a second signal ends what heeds nothing", async () => {
    const program = startProgram(["boot"], await project(DEAF));
    await program.shown("now waiting");
    program.kill("SIGINT");
    await program.shown("finishing the step in hand");
    program.kill("SIGINT");
    expect((await program.result).status).toBe(130);
  });
});

describe("output", () => {
  test("130: Ctrl-C while the config loads, in a loop without an end", async () => {
    const spinning = `...(() => { process.stderr.write("spinning"); for (;;); })(),`;
    const program = startProgram(["plan"], await project(spinning));
    await program.shown("spinning");
    program.kill("SIGINT");
    expect((await program.result).status).toBe(130);
  });

  test("--json: every line is an event, and nothing else is there", async () => {
    const { status, stdout, stderr } = await run("", "boot", "--json");
    expect(status).toBe(0);
    expect(stderr).toBe("");
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; at: string });
    expect(events[0]?.type).toBe("run-started");
    expect(events.at(-1)?.type).toBe("run-ended");
    for (const event of events) expect(Date.parse(event.at)).not.toBeNaN();
  });

  test("--json: an error that ends the run is told once", async () => {
    const { stdout } = await run(
      `observe: async () => { const { ProviderError } = await import("bootmachine"); throw new ProviderError("PROVIDER_AUTH", "No."); },`,
      "boot",
      "--json",
    );
    const types = stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.filter((type) => type === "error")).toHaveLength(1);
  });

  test("a pipe gets no cursor codes and no colours", async () => {
    const { stdout } = await run("", "boot");
    expect(stdout).not.toContain("\u001B");
  });

  test("escape sequences of a host are taken out", async () => {
    const { stdout } = await run(`observe: async () => [machine],`, "console", "web1");
    expect(stdout).toBe("first line\nlast line\n");
  });

  test("a reader that goes away (head) is no error", async () => {
    const program = startProgram(["explain"], await project(""));
    program.closeOutput();
    const { status, stderr } = await program.result;
    expect(stderr).toBe("");
    expect([0, 130]).toContain(status);
  });

  test("a reader that goes away in the middle of a run ends the run in order", async () => {
    const program = startProgram(["boot"], await project(PATIENT));
    await program.shown("now waiting");
    program.closeOutput();
    program.kill("SIGINT");
    const { status, stderr } = await program.result;
    expect(stderr).toBe("");
    expect(status).toBe(130);
  });
});

describe("init", () => {
  test.each([
    ["ts", "ada"],
    ["yaml", "root"],
  ])(
    "--format %s, run by %s: the config is valid, and the next commands find it",
    async (format, user) => {
      const directory = await mkdtemp(join(tmpdir(), "cli-"));
      directories.push(directory);
      const made = await startProgram(["init", "--yes", "--format", format], directory, {
        USER: user,
      }).result;
      expect(made.stderr).toBe("");
      expect(made.status).toBe(0);
      const listed = await startProgram(["run"], directory).result;
      expect(listed.stderr).toBe("");
      expect(listed.stdout).toBe("The config has no tasks.\n");
    },
  );

  test("for existing servers: the config is valid", async () => {
    const directory = await mkdtemp(join(tmpdir(), "cli-"));
    directories.push(directory);
    await startProgram(["init", "--address", "web1=192.0.2.1"], directory).result;
    const { stderr, stdout } = await startProgram(["inventory", "--format", "hosts"], directory)
      .result;
    expect(stderr).toBe("");
    expect(stdout).toContain("192.0.2.1\tweb1");
  });
});

describe("other commands", () => {
  test("run calls a task with its arguments", async () => {
    const { status, stdout } = await run(`observe: async () => [],`, "run");
    expect(stdout).toBe("greet  Say hello\n");
    expect(status).toBe(0);
  });

  test("run of a task that does not exist names those that do", async () => {
    const { status, stderr } = await run("", "run", "deploy");
    expect(status).toBe(2);
    expect(stderr).toContain("TASK_UNKNOWN");
    expect(stderr).toContain("greet");
  });

  test("images, sizes and inventory", async () => {
    expect((await run("", "images")).stdout).toContain("No image");
    expect((await run("", "sizes")).stdout).toContain("512 MB");
    const { stdout } = await run(
      `observe: async () => [machine],`,
      "inventory",
      "--format",
      "hosts",
    );
    expect(stdout).toContain("127.0.0.1\tweb1");
  });

  test("the space for young objects stays small, however many there are", async () => {
    const busy = `sizes: async () => {
      let kept = [];
      for (let index = 0; index < 600_000; index += 1) {
        kept.push({ index });
        if (kept.length > 20_000) kept = [];
      }
      const { getHeapSpaceStatistics } = await import("node:v8");
      const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
      return [{ name: "young", description: "space " + Math.round(young.space_size / 2 ** 20) + "." }];
    },`;
    const { stdout } = await run(busy, "sizes", "--json");
    // Without our setting: 64.
    expect(Number(/space (\d+)\./.exec(stdout)?.[1])).toBeLessThanOrEqual(4);
  });

  test("log shows the last run, and a journal that was cut off", async () => {
    const directory = await project("");
    await startProgram(["boot"], directory).result;
    const journals = join(directory, ".bootmachine/shop/journal");
    const [journal = ""] = readdirSync(journals);
    await appendFile(join(journals, journal), '{"type":"phase-st');
    const { status, stdout } = await startProgram(["log"], directory).result;
    expect(status).toBe(0);
    expect(stdout).toContain("bootmachine boot");
    expect(stdout).toMatch(/web1 +\.*b+/);
  });

  test("orphans: status lists them, destroy takes them alone where that is said", async () => {
    const directory = await project(`observe: async () => [
      { ...machine, status: "creating" },
      { ...machine, server: "old", id: "m-2" },
    ],`);
    const status = await startProgram(["status"], directory).result;
    expect(status.stdout).toMatch(/^old .*no longer in the config$/m);
    expect(status.stdout).toContain("web1 is not finished: `bootmachine up` goes on with it");
    const destroyed = await startProgram(["destroy", "--orphans", "--yes"], directory).result;
    expect(destroyed.stdout).toMatch(/old +destroyed/);
    expect(destroyed.stdout).not.toContain("web1");
    expect(destroyed.status).toBe(0);
  });

  test("what outlived the machine of a server that the config names no more: status lists it, destroy takes it", async () => {
    const directory = await project(`observe: async () => [],
    leftovers: async function () {
      return this.isDone ? [] : [{ kind: "elastic address", name: "203.0.113.7", server: "gone" }];
    },
    destroy: async function (server) {
      this.isDone ||= server === "gone";
      return { existed: server === "gone" };
    },
    destroyShared: async function () {
      if (!this.isDone) throw new Error("something is left");
    },`);
    const status = await startProgram(["status"], directory).result;
    expect(status.stdout).toMatch(
      /^gone .*no longer in the config; left: elastic address 203\.0\.113\.7$/m,
    );
    expect(status.stdout).toContain("`bootmachine destroy --orphans` removes it");
    const orphans = await startProgram(["destroy", "--orphans", "--yes"], directory).result;
    expect(orphans.stdout).toMatch(/gone +destroyed/);
    expect(orphans.stdout).not.toContain("web1");
    const whole = await startProgram(["destroy", "--yes"], directory).result;
    expect(whole.stdout).toMatch(/gone +destroyed/);
    expect([status.status, orphans.status, whole.status]).toEqual([0, 0, 0]);
  });

  test("an image that there is not is told for all servers before one is made", async () => {
    const knowing = `images: async function () {
      this.isListed = true;
      return [];
    },
    check: function () {
      return this.isListed === true ? [{ about: "image", message: "inline has nothing like that" }] : [];
    },
    ensure: async () => { throw new Error("it was made"); },`;
    const { status, stdout, stderr } = await run(knowing, "boot");
    expect(stdout).not.toContain("it was made");
    expect(stderr).toContain("IMAGE_UNKNOWN");
    expect(stderr).toMatch(/web1.*\n.*web2/s);
    expect(status).toBe(2);
  });

  test("destroy --yes takes down", async () => {
    const { status, stdout } = await run(`observe: async () => [machine],`, "destroy", "--yes");
    expect(stdout).toContain("web1 destroy: changed");
    expect(stdout).toMatch(/web1 +destroyed/);
    expect(status).toBe(0);
  });

  test.each(["destroy", "reboot"])("the events of %s have its own word", async (command) => {
    const behaviour = `observe: async () => [machine],
      reboot: async () => { throw new Error("no"); },`;
    const words = command === "destroy" ? ["--yes"] : ["--hard", "web1"];
    const { stdout } = await run(behaviour, command, "--json", ...words);
    const phases = stdout
      .split("\n")
      .filter((line) => line.startsWith('{"at"'))
      .flatMap((line) => (JSON.parse(line) as { readonly phase?: string }).phase ?? []);
    expect(phases.length).toBeGreaterThan(1);
    expect(new Set(phases)).toEqual(new Set([command]));
  });
});
