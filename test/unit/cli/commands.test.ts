import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { CLI_REFERENCE, renderCliReference } from "../../../scripts/generate-cli-reference.ts";
import {
  ERRORS_REFERENCE,
  renderErrorsReference,
} from "../../../scripts/generate-errors-reference.ts";
import { BUILTINS } from "../../../src/builtins.ts";
import { INIT_CONFIGURATORS } from "../../../src/cli/init-configurators.ts";
import { loadStack } from "../../../src/stack/load-stack.ts";
import { COMMANDS, CONFIGURATOR_COMMANDS } from "../../../src/cli/command-list.ts";
import { ERROR_CODES } from "../../../src/errors/codes.ts";
import { runInProcess } from "./run-in-process.ts";

const NAMES = [
  ...Object.keys(COMMANDS).filter((name) => name !== "help"),
  ...Object.keys(CONFIGURATOR_COMMANDS).map((name) => `configurator ${name}`),
];

describe("help", () => {
  test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("%j shows every command", async (argv) => {
    const { status, stdout, stderr } = await runInProcess(argv);
    expect(status).toBe(0);
    expect(stderr).toBe("");
    for (const [name, { brief }] of Object.entries(COMMANDS)) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +${brief.replaceAll(/[()`]/g, "\\$&")}$`, "m"));
    }
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test.each(NAMES)("%s --help is the same as help %s", async (name) => {
    const own = await runInProcess([...name.split(" "), "--help"]);
    const other = await runInProcess(["help", ...name.split(" ")]);
    expect(own.status).toBe(0);
    expect(own.stdout).toContain(`bootmachine ${name}`);
    expect(own.stdout).toBe(other.stdout);
    expect(own.stdout).toMatchSnapshot();
  });
});

describe("what is not understood is refused", () => {
  test.each(NAMES)("%s with a flag that does not exist", async (name) => {
    const { status, stdout, stderr } = await runInProcess([...name.split(" "), "--dryrun"]);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("--dryrun");
  });

  test.each(NAMES)("%s with every one of its flags mistyped", async (name) => {
    const { stdout } = await runInProcess([...name.split(" "), "--help"]);
    const flags = [...stdout.matchAll(/\[?--([a-z-]{4,})/g)].map((match) => match[1] ?? "");
    expect(flags.length).toBeGreaterThan(0);
    for (const flag of new Set(flags)) {
      const typo = `--${flag.slice(0, 2)}${flag.slice(3)}q`;
      const result = await runInProcess([...name.split(" "), typo]);
      expect(result.status, typo).toBe(2);
      expect(result.stderr, typo).toContain(typo);
    }
  });

  test.each([
    [["upp"], 'Did you mean "up"?'],
    [["destory"], 'Did you mean "destroy"?'],
    [["help", "stauts"], 'Did you mean "status"?'],
    [["nonsense"], 'there is no command "nonsense"'],
    [["agents"], 'Did you mean "configurator agents"?'],
    [["configurator", "agnets"], 'Did you mean "configurator agents"?'],
    [["configurator", "accept"], "SERVER"],
    [["configurator", "revoke", "a;b"], '"a;b" cannot be the name of an agent'],
    [["configurator", "revoke"], "one of the two"],
    [["configurator", "revoke", "a", "--fingerprint", "ab:cd:ef:01:23:45"], "one of the two"],
    [["configurator", "revoke", "--fingerprint", "a;b"], '"a;b" is no fingerprint of a key'],
    [["--json", "up"], "flags follow the command"],
    [["up", "--jsn"], "did you mean --json?"],
    [["up", "web1"], "Too many arguments"],
    // Too short, or too odd, for the parser to take them for flags: they must not become names of servers.
    [["reboot", "--x"], 'there is no flag "--x"'],
    [["exec", "--x", "web1"], 'there is no flag "--x"'],
    [["ssh", "--x", "web1"], 'there is no flag "--x"'],
    [["destroy", "--y"], 'there is no flag "--y"'],
    [["destroy", "--yes="], 'there is no flag "--yes="'],
    [["reboot", "-1"], 'there is no flag "-1"'],
    [["reboot", "--1x"], 'there is no flag "--1x"'],
    [["reboot", "-x"], "-x"],
    [["up", "--concurrency", "0"], "1 to 1000"],
    [["up", "--concurrency", "many"], "1 to 1000"],
    [["ssh"], "SERVER"],
    [["put", "one"], "FILE PATH"],
    [["put", "a", "relative"], "absolute"],
    [["put", "/nowhere/at/all", "/etc/x"], "cannot be read"],
    [["put", "a", "/etc/x", "--mode", "rw"], "octal"],
    [["exec", "web1"], "after `--`"],
    [["verify", "--format", "xml"], "table|json|junit|sarif"],
    [["completion", "tcsh"], "bash, zsh or fish"],
    [["explain", "KEY_REFUSD"], "Did you mean KEY_REFUSED?"],
    [["init", "--provider", "existing"], "addresses"],
    [["init", "--address", "web.example.org"], "getent hosts"],
  ])("%j", async (argv, words) => {
    const { status, stdout, stderr } = await runInProcess(argv);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("USAGE");
    expect(stderr).toContain(words);
  });
});

describe("explain", () => {
  test.each(Object.keys(ERROR_CODES))("%s", async (code) => {
    const { status, stdout } = await runInProcess(["explain", code.toLowerCase()]);
    expect(status).toBe(0);
    const entry = ERROR_CODES[code as keyof typeof ERROR_CODES];
    expect(stdout).toContain(entry.means);
    expect(stdout).toContain(entry.todo);
  });

  test("without a code lists all", async () => {
    const { stdout } = await runInProcess(["explain"]);
    for (const code of Object.keys(ERROR_CODES)) expect(stdout).toContain(code);
  });
});

describe("references", () => {
  test("docs/reference/cli.md is what the commands say", () => {
    expect(readFileSync(CLI_REFERENCE, "utf8")).toBe(renderCliReference());
  });

  test("docs/reference/errors.md and the table of codes agree in both directions", () => {
    const text = readFileSync(ERRORS_REFERENCE, "utf8");
    expect(text).toBe(renderErrorsReference());
    const documented = [...text.matchAll(/^### (\w+)$/gm)].map((match) => match[1] ?? "");
    expect(new Set(documented)).toEqual(new Set(Object.keys(ERROR_CODES)));
  });
});

describe("in a directory", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "My Shop "));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("no config: says so and how to have one", async () => {
    const { status, stderr } = await runInProcess(["up"], { cwd: directory });
    expect(status).toBe(2);
    expect(stderr).toContain("CONFIG_NOT_FOUND");
    expect(stderr).toContain("bootmachine init");
  });

  test("log of a run that is not there fails, also where there was none yet", async () => {
    await runInProcess(["init", "--yes"], { cwd: directory, env: { HOME: directory } });
    const none = await runInProcess(["log"], { cwd: directory, env: { HOME: directory } });
    expect(none.status, none.stderr).toBe(0);
    const { status, stderr } = await runInProcess(["log", "nosuch"], {
      cwd: directory,
      env: { HOME: directory },
    });
    expect(status).toBe(2);
    expect(stderr).toContain('There is no run "nosuch"');
  });

  test("console of a server whose provider has none says what to do instead", async () => {
    const env = { HOME: directory };
    const init = ["init", "--yes", "--format", "yaml", "--address", "db=192.0.2.7"];
    await runInProcess(init, { cwd: directory, env });
    const { status, stderr } = await runInProcess(["console", "db"], { cwd: directory, env });
    expect(status).toBe(3);
    expect(stderr).toContain("CAPABILITY_MISSING");
    expect(stderr).toContain("next: Ask whoever runs the machine");
  });

  test("no config, --json: one line of JSON on standard output", async () => {
    const { status, stdout } = await runInProcess(["plan", "--json"], { cwd: directory });
    expect(status).toBe(2);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; error: { code: string } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ type: "error", error: { code: "CONFIG_NOT_FOUND" } });
  });

  test.each(["ts", "yaml"] as const)(
    "init --format %s writes a config, a key and .gitignore",
    async (format) => {
      const env = { HOME: directory, USER: "ada" };
      const { status, stdout } = await runInProcess(["init", "--yes", "--format", format], {
        cwd: directory,
        env,
      });
      expect(status).toBe(0);
      const config = await readFile(join(directory, `bootmachine.config.${format}`), "utf8");
      expect(config).toMatch(/my-shop-/);
      expect(config).toContain("ada");
      expect(stdout).toContain(`bootmachine.config.${format}`);
      expect(stdout).toContain("operator-key");
      expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe(
        ".bootmachine/\noperator-key\n",
      );
      const key = await stat(join(directory, "operator-key"));
      expect(key.mode & 0o777).toBe(0o600);
    },
  );

  test("init never overwrites a config, of whatever form", async () => {
    await writeFile(join(directory, "bootmachine.config.json"), "{}");
    const { status, stderr } = await runInProcess(["init", "--yes"], { cwd: directory });
    expect(status).toBe(2);
    expect(stderr).toContain("FILE_EXISTS");
    expect(await readFile(join(directory, "bootmachine.config.json"), "utf8")).toBe("{}");
    await expect(stat(join(directory, "bootmachine.config.ts"))).rejects.toThrow("ENOENT");
  });

  test.each(["operator-key", "operator-key.pub"])(
    "init neither uses nor overwrites a %s that is no key of a pair",
    async (name) => {
      await writeFile(join(directory, name), "not readable as a key");
      const env = { HOME: directory };
      const { status, stderr } = await runInProcess(["init", "--yes"], { cwd: directory, env });
      expect(status).toBe(2);
      expect(stderr).toContain(`error FILE_EXISTS: There is a ${name} here already`);
      expect(stderr).toContain("--identity-file");
      expect(readdirSync(directory)).toEqual([name]);
    },
  );

  test("init adds to a .gitignore that is there, once", async () => {
    await writeFile(join(directory, ".gitignore"), "node_modules");
    await runInProcess(["init", "--yes"], { cwd: directory, env: { HOME: directory } });
    expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe(
      "node_modules\n.bootmachine/\noperator-key\n",
    );
    await rm(join(directory, "bootmachine.config.ts"));
    await runInProcess(["init", "--yes"], { cwd: directory, env: { HOME: directory } });
    expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe(
      "node_modules\n.bootmachine/\noperator-key\n",
    );
  });

  test("init for existing servers names them", async () => {
    const argv = ["init", "--address", "db=192.0.2.7", "--address", "192.0.2.8", "--json"];
    const { status, stdout } = await runInProcess(argv, {
      cwd: directory,
      env: { HOME: directory },
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ provider: "existing", servers: ["db", "server2"] });
    expect(await readFile(join(directory, "bootmachine.config.ts"), "utf8")).toContain("192.0.2.7");
  });
});

describe("init --configurator", () => {
  let directory: string;
  const env = (): Record<string, string> => ({ HOME: directory, USER: "ada" });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kit-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("knows every tool that is built in", () => {
    expect(INIT_CONFIGURATORS.toSorted()).toEqual(BUILTINS.names("configurator").toSorted());
  });

  test.each(
    BUILTINS.names("configurator").flatMap((name) => [
      [name, "ts"],
      [name, "yaml"],
    ]),
  )("%s, as %s: the config is valid, and the kit is all there", async (name, format) => {
    const argv = ["init", "--yes", "--json", "--configurator", name, "--format", format];
    const { status, stdout, stderr } = await runInProcess(argv, { cwd: directory, env: env() });
    expect(status, stderr).toBe(0);
    const { kit, master, servers } = JSON.parse(stdout) as {
      readonly kit: readonly string[];
      readonly master?: string;
      readonly servers: readonly string[];
    };
    const stack = await loadStack({ cwd: directory, env: env(), plugins: BUILTINS });
    expect(stack.configurator.name).toBe(name);
    expect(stack.master).toBe(master);
    if (master !== undefined) expect(servers).toContain(master);

    const { starterKit } = stack.configurator;
    const source = starterKit === undefined ? [] : listFiles(fileURLToPath(starterKit));
    const wanted = source.map((path) => path.replace(/(^|\/)gitignore$/, "$1.gitignore"));
    expect(kit.map((path) => path.slice(name.length + 1)).toSorted()).toEqual(wanted.toSorted());
    for (const path of kit) expect((await stat(join(directory, path))).isFile()).toBe(true);
  });

  test("never overwrites a folder of the tool's name, and writes nothing beside it", async () => {
    await mkdir(join(directory, "salt"));
    await writeFile(join(directory, "salt/mine"), "mine");
    const { status, stderr } = await runInProcess(["init", "--yes", "--configurator", "salt"], {
      cwd: directory,
      env: env(),
    });
    expect(status).toBe(2);
    expect(stderr).toContain("FILE_EXISTS");
    expect(stderr).toContain("There is a salt here already");
    expect(listFiles(directory)).toEqual(["salt/mine"]);
  });

  test("for existing servers the first one is the master", async () => {
    const argv = ["init", "--address", "a=192.0.2.7", "--address", "b=192.0.2.8"];
    await runInProcess([...argv, "--configurator", "salt"], { cwd: directory, env: env() });
    const stack = await loadStack({ cwd: directory, env: env(), plugins: BUILTINS });
    expect(stack.master).toBe("a");
  });
});

/** Paths of all files below a directory, relative to it. */
function listFiles(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted();
}

describe("completion", () => {
  test.each([
    [["de"], ["destroy"]],
    [["in"], ["init", "inventory"]],
    [
      ["configurator", "re"],
      ["revoke", "restart"],
    ],
    [
      ["up", "--conf"],
      ["--configure", "--config"],
    ],
    [["up", "--conc"], ["--concurrency"]],
    [
      ["explain", "image"],
      ["IMAGE_UNKNOWN", "IMAGE_BUILD_FAILED"],
    ],
    [
      ["explain", "KEY_"],
      ["KEY_UNUSABLE", "KEY_REFUSED"],
    ],
    [["verify", "--format", "s"], ["sarif"]],
    [["exec", "--", "x"], []],
  ])("%j", async (words, wanted) => {
    const { stdout } = await runInProcess(["__complete", ...words]);
    expect(stdout.split("\n").filter((line) => line !== "")).toEqual(wanted);
  });

  test.each([
    [["ssh", "w"], ["web1"]],
    [["configurator", "restart", "w"], ["web1"]],
    [
      ["configurator", "accept", ""],
      ["web1", "db1"],
    ],
    [["configurator", "agents", "w"], []],
    [
      ["up", "--role", ""],
      ["web", "cache", "database"],
    ],
    [["verify", "-r", "data"], ["database"]],
  ])("names of servers and roles: %j", async (words, wanted) => {
    const directory = await mkdtemp(join(tmpdir(), "complete-"));
    try {
      await mkdir(join(directory, ".bootmachine/shop"), { recursive: true });
      await writeFile(
        join(directory, ".bootmachine/shop/ssh_config"),
        "Host web1 db1\n  # Roles: web cache\n\nHost *\n  # Roles: web database\n",
      );
      const { stdout } = await runInProcess(["__complete", ...words], { cwd: directory });
      const found = stdout.split("\n").filter((line) => /^[a-z]/.test(line));
      expect(found).toEqual(wanted);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
