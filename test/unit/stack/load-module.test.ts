import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { describe, expect, it } from "vitest";

import { loadModule } from "../../../src/stack/load-module.ts";
import { failureOf, KEY, load, makeDirectory } from "./support/config-directory.ts";

/** A plug-in by value, as JavaScript text, that needs no import. */
const PROVIDER = `{
  kind: "provider", apiVersion: 1, name: "inline",
  capabilities: { creates: true, reboots: false, console: false, images: false, sizes: false, identity: [] },
  observe() {}, list() {}, ensure() {}, identity() {}, destroy() {}, reboot() {}, console() {}, images() {}, sizes() {},
  check: () => [],
}`;
const config = (rest: string): string =>
  `{ name: "shop", provider: ${PROVIDER}, users: [{ name: "ada", sudo: "nopasswd", keys: ["${KEY}"] }], ${rest} }`;
const SERVERS = 'servers: [{ name: "web" }]';

describe("what a TypeScript or JavaScript config may be", () => {
  it.each([
    ["bootmachine.config.ts", `const name: string = "x"; export default ${config(SERVERS)};`],
    ["bootmachine.config.mts", `type X = { a: 1 }; export default ${config(SERVERS)};`],
    ["bootmachine.config.js", `export default ${config(SERVERS)};`],
    ["bootmachine.config.mjs", `export default ${config(SERVERS)};`],
    ["bootmachine.config.ts", `export default () => (${config(SERVERS)});`],
    [
      "bootmachine.config.ts",
      `export default async () => { await null; return ${config(SERVERS)}; };`,
    ],
    [
      "bootmachine.config.ts",
      `const it = await Promise.resolve(${config(SERVERS)}); export default it;`,
    ],
  ])("%s: %s", async (name, text) => {
    const directory = makeDirectory({ "package.json": '{"type":"module"}', [name]: text });
    const stack = await load(directory);
    expect(stack.servers.map((server) => server.name)).toEqual(["web"]);
    expect(stack.provider.name).toBe("inline");
    expect(stack.configFile).toBe(join(directory, name));
    expect(stack.directory).toBe(directory);
  });

  it("a function gets the environment", async () => {
    const directory = makeDirectory({
      "bootmachine.config.mts": `export default ({ env }: { env: Record<string, string | undefined> }) =>
        (${config("servers: [{ name: env.SERVER ?? 'none' }]")});`,
    });
    const stack = await load(directory, { env: { HOME: "/nonexistent", SERVER: "db" } });
    expect(stack.servers[0]?.name).toBe("db");
  });

  it("tasks may be functions or objects", async () => {
    const stack = await load(
      makeDirectory({
        "bootmachine.config.mjs": `export default ${config(
          `${SERVERS}, tasks: { deploy() {}, "say-hi": { description: "Says hi", run: async () => {} } }`,
        )};`,
      }),
    );
    expect(
      Object.entries(stack.tasks).map(([name, task]) => [name, task.description, typeof task.run]),
    ).toEqual([
      ["deploy", "", "function"],
      ["say-hi", "Says hi", "function"],
    ]);
  });

  it("bad tasks are told", async () => {
    const error = await failureOf(
      load(
        makeDirectory({
          "bootmachine.config.mjs": `export default ${config(
            `${SERVERS}, tasks: { Deploy() {}, destroy() {}, half: { run: 1, descripton: "" }, none: 3 }`,
          )};`,
        }),
      ),
    );
    expect(error.problems.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual([
      "tasks.Deploy: a task's name must begin with a lower-case letter and hold only lower-case letters, digits and hyphens",
      'tasks.destroy: "destroy" is a command of bootmachine',
      "tasks.half.description: must be a text that says what the task does",
      "tasks.half.descripton: is not an option",
      "tasks.half.run: must be a function: async ({ hosts }) => { ... }",
      "tasks.none: is not of the right kind",
    ]);
  });

  it("is read anew each time, with the files that it imports", async () => {
    const directory = makeDirectory({
      "bootmachine.config.ts": `import { servers } from "./servers.ts"; export default ${config("servers")};`,
      "servers.ts": `export const servers = [{ name: "one" as string }];`,
    });
    expect((await load(directory)).servers[0]?.name).toBe("one");
    writeFileSync(join(directory, "servers.ts"), `export const servers = [{ name: "two" }];`);
    expect((await load(directory)).servers[0]?.name).toBe("two");
  });
});

describe("where the config is found", () => {
  it("upward from the working directory, or by name", async () => {
    const directory = makeDirectory({
      "bootmachine.config.mjs": `export default ${config(SERVERS)};`,
    });
    const below = join(directory, "a/b");
    mkdirSync(below, { recursive: true });
    expect((await load(below)).directory).toBe(directory);
    const named = makeDirectory({ "conf/live.mjs": `export default ${config(SERVERS)};` });
    expect((await load(named, { configPath: "conf/live.mjs" })).directory).toBe(
      join(named, "conf"),
    );
  });

  it("two side by side are told, both by name", async () => {
    const error = await failureOf(
      load(makeDirectory({ "bootmachine.config.ts": "", "bootmachine.config.yaml": "" })),
    );
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toContain("bootmachine.config.ts, bootmachine.config.yaml");
  });

  it("a directory is told to be one, with the config in it", async () => {
    const directory = makeDirectory({
      "conf/bootmachine.config.mjs": "",
      "empty/other.txt": "",
    });
    const error = await failureOf(load(directory, { configPath: "conf" }));
    expect(error.message).toBe(`${join(directory, "conf")} is a directory, not a config file.`);
    expect(error.hint).toBe("Give the file: --config conf/bootmachine.config.mjs.");
    expect((await failureOf(load(directory, { configPath: "empty" }))).hint).toContain(
      "none of its usual names",
    );
  });

  it("what cannot be read is not called broken code", async () => {
    const directory = makeDirectory({ "bootmachine.config.ts/inside": "" });
    const error = await failureOf(load(directory));
    expect(error.code).toBe("CONFIG_UNREADABLE");
    expect(error.message).toBe(`${join(directory, "bootmachine.config.ts")} is a directory.`);
  });

  it("nor is what may not be read", async () => {
    const directory = makeDirectory({ "bootmachine.config.ts": "export default {};" });
    chmodSync(directory, 0o755);
    chmodSync(join(directory, "bootmachine.config.ts"), 0);
    // root may read everything: somebody else looks.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    const error = await failureOf(load(directory)).finally(() => {
      if (isRoot) process.seteuid?.(0);
    });
    expect(error.code).toBe("CONFIG_UNREADABLE");
    expect(error.message).toContain("may not be read by you");
  });

  it("none, a wrong name, an unknown format", async () => {
    expect((await failureOf(load(makeDirectory()))).code).toBe("CONFIG_NOT_FOUND");
    expect((await failureOf(load(makeDirectory(), { configPath: "x.ts" }))).code).toBe(
      "CONFIG_NOT_FOUND",
    );
    const toml = makeDirectory({ "x.toml": "" });
    expect((await failureOf(load(toml, { configPath: "x.toml" }))).message).toContain(
      "no known format",
    );
  });
});

describe("a config that never finishes", () => {
  it.each([
    "await new Promise(() => {}); export default {};",
    "export default () => new Promise(() => {});",
  ])("is given up: %s", async (text) => {
    const directory = makeDirectory({ "bootmachine.config.mjs": text });
    const file = join(directory, "bootmachine.config.mjs");
    const error = await failureOf(loadModule(file, {}, 50));
    expect(error.code).toBe("CONFIG_CODE_FAILED");
    expect(error.message).toBe(`${file}: it did not finish within 0.05 seconds`);
    expect(error.hint).toContain("await");
  });
});

describe("a config that never gives the thread back", () => {
  const module = pathToFileURL(resolve("src/stack/load-module.ts")).href;
  /** Loads it in a process of its own, and then another config: what is told, and what the second one holds. */
  const loadApart = (
    file: string,
    second: string,
  ): { readonly told: unknown; readonly next: unknown } => {
    const script = `import { loadModule } from ${JSON.stringify(module)};
const told = await loadModule(${JSON.stringify(file)}, {}, 300).catch(({ code, problems }) => ({ code, problems }));
const { value: next } = await loadModule(${JSON.stringify(second)}, {});
console.log(JSON.stringify({ told, next }));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", script],
      { encoding: "utf8", timeout: 50_000, killSignal: "SIGKILL" },
    );
    if (!stdout.startsWith("{")) throw new Error(`it said nothing: ${stderr}`);
    return JSON.parse(stdout) as { told: unknown; next: unknown };
  };

  it.each([
    ["at its top level", "let n = 0;\nfor (;;) n++;\nexport default {};\n", {}, "spin.mjs", 2],
    [
      "in its function, and catches everything",
      "export default () => { let n = 0; for (;;) { try { n += 1; } catch { } } };\n",
      {},
      "spin.mjs",
      1,
    ],
    [
      "in a file that it imports",
      'import { a } from "./other.ts";\nexport default a;\n',
      { "other.ts": "export const a: number = 1;\ndo {\n} while (a > 0);\n" },
      "other.ts",
      3,
    ],
  ])("is ended %s, and its line is shown", (_where, text, others, name, line) => {
    const directory = makeDirectory({
      "spin.mjs": text,
      "good.mjs": "let n = 0; for (const i of [1, 2]) n += i; export default { n };",
      ...others,
    });
    const { told, next } = loadApart(join(directory, "spin.mjs"), join(directory, "good.mjs"));
    expect(told).toMatchObject({
      code: "CONFIG_CODE_FAILED",
      problems: [
        {
          message: "it was still at work after 0.3 seconds, in a loop that does not end",
          file: join(realpathSync(directory), name),
        },
      ],
    });
    expect((told as { problems: { line: number }[] }).problems[0]?.line).toBeLessThanOrEqual(line);
    // The process is as it was.
    expect(next).toEqual({ n: 3 });
  });
});

describe("a key that is there and undefined", () => {
  it("is a problem, told once, at its place", async () => {
    const directory = makeDirectory({
      "bootmachine.config.mjs": `export default { ...${config(
        'servers: [{ name: "web", image: globalThis.unsetForSure, ssh: { port: undefined } }]',
      )}, name: undefined };`,
    });
    const error = await failureOf(load(directory));
    const message = "is undefined: is an environment variable unset?";
    expect(error.problems.map((problem) => `${problem.path}: ${problem.message}`).sort()).toEqual([
      `name: ${message}`,
      `servers[0].image: ${message}`,
      `servers[0].ssh.port: ${message}`,
    ]);
    expect(error.problems[0]?.hint).toContain("Leave the key out");
  });
});

describe("wrong options of a plug-in that the config calls", () => {
  it("are worded like those of one that it names, at the call", async () => {
    const providers = pathToFileURL(resolve("src/providers")).href;
    const directory = makeDirectory({
      "bootmachine.config.mjs": `import { local } from "${providers}/local/local.ts";
export default ${config(SERVERS).replace(PROVIDER, 'local({ mirorr: "x", packages: 1 })')};`,
    });
    const error = await failureOf(load(directory));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(
      error.problems.map(({ path, message, line }) => `${line} ${path}: ${message}`).sort(),
    ).toEqual([
      "2 provider.mirorr: is not an option",
      "2 provider.packages: must be a list, not a number",
    ]);
    expect(error.problems.find(({ path }) => path === "provider.mirorr")?.hint).toMatch(
      /^Did you mean "mirror"\?/,
    );
  });

  it("are told with all other problems of the config, in the order of the file", async () => {
    const providers = pathToFileURL(resolve("src/providers")).href;
    const directory = makeDirectory({
      "bootmachine.config.mjs": `import { local } from "${providers}/local/local.ts";
export default {
  name: "Not a name",
  provider: local({ mirorr: "x" }),
  users: [{ name: "ada", sudo: "nopasswd", keys: ["${KEY}"] }],
  servers: [{ name: "web", image: "debian-1" }],
};`,
    });
    const error = await failureOf(load(directory));
    expect(error.problems.map(({ path, line }) => `${line} ${path}`)).toEqual([
      "3 name",
      "4 provider.mirorr",
      "6 servers[0].image",
    ]);
  });

  it("end the loading where without them too little is left, and earlier ones are told too", async () => {
    const providers = pathToFileURL(resolve("src/providers")).href;
    const directory = makeDirectory({
      "bootmachine.config.mjs": `import { local } from "${providers}/local/local.ts";
import { existing } from "${providers}/existing/existing.ts";
const unused = local({ mirorr: "x" });
export default ${config(SERVERS).replace(PROVIDER, "existing({})")};`,
    });
    const error = await failureOf(load(directory));
    expect(error.hint).toContain("other problems");
    expect(error.problems.map(({ path, line }) => `${line} ${path}`)).toEqual([
      "3 provider.mirorr",
      "4 provider.hosts",
    ]);
  });
});

describe("a config that does not load shows the user's own line", () => {
  const failing = async (
    files: Readonly<Record<string, string>>,
  ): Promise<{ readonly text: string; readonly place: string; readonly hint: string }> => {
    const directory = makeDirectory({ "package.json": '{"type":"module"}', ...files });
    const error = await failureOf(load(directory));
    expect(error.code).toBe("CONFIG_CODE_FAILED");
    const [problem] = error.problems;
    const file = (problem?.file ?? "").replace(`${realpathSync(directory)}/`, "");
    expect(error.message).not.toMatch(
      /node:internal|import-natively|load-module|bootmachine-(load|parse)/,
    );
    return {
      text: error.message.replaceAll(`${realpathSync(directory)}/`, ""),
      place: `${file}:${problem?.line}:${problem?.column}`,
      hint: error.hint,
    };
  };

  it("broken TypeScript", async () => {
    const { text, place } = await failing({
      "bootmachine.config.ts": "const a: number = 1;\nconst b = { x: a, , };\nexport default b;\n",
    });
    expect(place).toBe("bootmachine.config.ts:2:19");
    expect(text).toMatch(/^bootmachine\.config\.ts:2:19: syntax error: /);
    expect(text).toContain(
      "> 2 | const b = { x: a, , };\n    |                   ^\n  3 | export default b;",
    );
  });

  it.each(["bootmachine.config.js", "bootmachine.config.mjs"])(
    "broken JavaScript in %s",
    async (name) => {
      const { place, text } = await failing({
        [name]: "const a = 1;\n\nexport default { a: [1, };\n",
      });
      expect(place).toMatch(/^bootmachine\.config\.m?js:3:\d+$/);
      expect(text).toContain("> 3 | export default { a: [1, };");
    },
  );

  it("TypeScript that is more than types", async () => {
    const { place, hint } = await failing({
      "bootmachine.config.ts": "\nenum Size { Small }\nexport default {};\n",
    });
    expect(place).toBe("bootmachine.config.ts:2:1");
    expect(hint).toContain("An enum");
  });

  it("code that throws, in the config or in a file that it imports", async () => {
    const { place, text } = await failing({
      "bootmachine.config.ts":
        'import { pick } from "./pick.ts";\nexport default pick(undefined);\n',
      "pick.ts": "interface X { a: string }\n\nexport const pick = (x: X | undefined) => x!.a;\n",
    });
    expect(place).toBe("pick.ts:3:46");
    expect(text).toContain("TypeError: Cannot read properties of undefined (reading 'a')");
    const called = await failing({
      "bootmachine.config.mjs": 'export default async () => {\n  throw new Error("no luck");\n};\n',
    });
    expect(called.place).toBe("bootmachine.config.mjs:2:9");
    expect(called.text).toContain("mjs:2:9: no luck\n");
  });

  it("something thrown that is no error", async () => {
    const { text, hint } = await failing({ "bootmachine.config.mjs": 'throw "plain text";' });
    expect(text).toContain('it threw "plain text"');
    expect(hint).toContain("Nothing but a text was thrown, so that no line is known");
  });

  it("an import of nothing", async () => {
    const file = await failing({
      "bootmachine.config.ts": '// first\nimport { a } from "./nothere.ts";\nexport default a;\n',
    });
    expect(file.place).toBe("bootmachine.config.ts:2:22");
    expect(file.hint).toContain("need their extension");
    const pack = await failing({
      "bootmachine.config.ts": 'import a from "left-pad-of-nobody";\nexport default a;\n',
    });
    expect(pack.text).toContain('the package "left-pad-of-nobody" is not installed here');
    const name = await failing({
      "bootmachine.config.ts": 'import { b } from "./a.ts";\nexport default b;\n',
      "a.ts": "export const a = 1;",
    });
    expect(name.place).toBe("bootmachine.config.ts:1:10");
  });

  it("broken YAML and JSON", async () => {
    const yaml = await failing({
      "bootmachine.config.yaml": "name: shop\nservers: [a\nusers: b\n",
    });
    expect(yaml.place).toMatch(/^bootmachine\.config\.yaml:[23]:/);
    const json = await failing({
      "bootmachine.config.json": '{\n  "name": "shop",\n  "a": tru\n}\n',
    });
    expect(json.place).toBe("bootmachine.config.json:3:8");
    const cut = await failing({ "bootmachine.config.json": '{\n  "name": "shop"' });
    expect(cut.place).toBe("bootmachine.config.json:2:17");
  });

  it("a private key in a broken file is not shown", async () => {
    const { text } = await failing({
      "bootmachine.config.yaml": `name: [\n-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n`,
    });
    expect(text).not.toContain("c2VjcmV0");
  });

  it("no default export, and a default export that is nothing", async () => {
    const none = await failureOf(
      load(makeDirectory({ "bootmachine.config.mjs": "export const a = 1;" })),
    );
    expect(none.message).toBe("bootmachine.config.mjs has no default export.");
    const empty = await failureOf(
      load(makeDirectory({ "bootmachine.config.mjs": "export default undefined;" })),
    );
    expect(empty.problems[0]?.message).toContain("the config must be an object");
  });

  it("a getter of the user's that throws while we look", async () => {
    const { place } = await failing({
      "bootmachine.config.mjs": 'export default {\n  get name() { throw new Error("ha"); },\n};\n',
    });
    expect(place).toBe("bootmachine.config.mjs:2:22");
  });
});

describe("plug-ins by value", () => {
  const messageOf = async (provider: string): Promise<string> => {
    const text = `const local = () => 1; export default { ...${config(SERVERS)}, provider: ${provider} };`;
    const error = await failureOf(load(makeDirectory({ "bootmachine.config.mjs": text })));
    return error.problems
      .map(({ path, message, hint }) => `${path}: ${message} | ${hint}`)
      .join("\n");
  };
  it("not called, of another kind, of another version, not whole", async () => {
    expect(await messageOf("local")).toBe(
      "provider: is a function; the provider is what it returns | Call it: local().",
    );
    expect(await messageOf('{ kind: "distro", apiVersion: 1, name: "x" }')).toContain(
      'must be a provider, and "x" is of the kind "distro"',
    );
    expect(await messageOf('{ kind: "provider", apiVersion: 2, name: "x" }')).toContain(
      "version 2 of the plug-in contract",
    );
    expect(await messageOf('{ kind: "provider", apiVersion: 1, name: "x", list() {} }')).toContain(
      "it lacks observe, ensure, identity",
    );
  });
});

describe("lines of problems in code", () => {
  it("are found through defineStack, functions, names and nested lists", async () => {
    const error = await failureOf(
      load(
        makeDirectory({
          "bootmachine.config.ts": `import { defineStack } from "bootmachine";
const users = [
  // the operator
  { name: "ada", sudo: "nopasswd", keys: ["${KEY}"] },
  { name: "root" },
];
const port = 22;

export default defineStack(async ({ env }) => {
  const name = \`shop-\${"a, b"}\`;
  return {
    name: "Shop",
    provider: ${PROVIDER.replaceAll("\n", " ")},
    ssh: { port, jumpHost: "a b" },
    users,
    regex: /[/,}]/,
    servers: [
      { name: "web", roles: ["a", "B"] as string[] },
      ...[1, 2].map((n) => ({ name: "web" })),
    ],
  };
});
`,
        }),
      ),
    );
    expect(error.problems.map(({ path, line, column }) => `${path} ${line}:${column}`)).toEqual([
      "users[1].name 5:11",
      "name 12:11",
      "ssh.port 14:12",
      "ssh.jumpHost 14:28",
      "regex 16:5",
      "servers[1].name 17:14",
      "servers[2].name 17:14",
      "servers[0].roles[1] 18:35",
    ]);
  });
});

describe("env() in a config", () => {
  const text = (value: string): string =>
    `import { env, defineStack } from "bootmachine";
export default defineStack({ ...${config(SERVERS)}, ${value} });`;

  it("reads the given environment, with a fallback", async () => {
    const directory = makeDirectory({
      "bootmachine.config.ts": text(
        'name: `${env("STAGE")}-x`, master: env("MASTER", "web"), timezone: env("TZONE", "UTC")',
      ),
    });
    const stack = await load(directory, {
      env: { HOME: "/nonexistent", STAGE: "live", TZONE: "Etc/UTC" },
    });
    expect([stack.name, stack.master, stack.timezone]).toEqual(["live-x", "web", "Etc/UTC"]);
  });

  it("what is not set is told by name, all at once, wherever it went", async () => {
    const directory = makeDirectory({
      "bootmachine.config.ts": text(
        'name: `${env("STAGE")}-x`, locale: env("LC") === "x" ? "C" : "C.UTF-8", timezone: "Mars"',
      ),
    });
    const error = await failureOf(load(directory));
    expect(error.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual(
      [
        "name: the environment variable STAGE is not set",
        'timezone: "Mars" is no time zone',
        ": the environment variable LC is not set",
      ].sort(),
    );
  });

  it("code that fails for want of a variable tells the variable", async () => {
    const directory = makeDirectory({
      "bootmachine.config.ts": `import { env } from "bootmachine";\nconst { port } = JSON.parse(env("SETTINGS"));\nexport default { port };`,
    });
    const error = await failureOf(load(directory));
    expect(error.problems.map(({ message }) => message)).toEqual([
      "the environment variable SETTINGS is not set",
    ]);
  });
});
