import { describe, expect, it } from "vitest";

import {
  containing,
  failureOf,
  GOOD,
  KEY,
  load,
  loadValue,
  makeDirectory,
  OTHER_KEY,
  problemsOf,
} from "./support/config-directory.ts";

describe("a config in which every rule holds", () => {
  it("gets its defaults", async () => {
    const stack = await loadValue(GOOD);
    expect(stack).toMatchObject({
      name: "shop",
      operator: "ada",
      locale: "C.UTF-8",
      timezone: "Etc/UTC",
      upgrades: { atBoot: "all", automatic: "security", reboot: "if-needed" },
      concurrency: 50,
      master: undefined,
    });
    expect(stack.ssh).toEqual({
      port: 2849,
      identityFile: undefined,
      publicKey: KEY,
      jumpHost: undefined,
      configFile: undefined,
      connectTimeoutMs: 10_000,
      readyTimeoutMs: 300_000,
      phaseTimeoutMs: 1_800_000,
      rollbackMs: 120_000,
      identity: "proven",
    });
    expect(stack.provider.name).toBe("toy");
    expect(stack.configurator.name).toBe("none");
    expect(stack.distros.map((distro) => distro.name)).toEqual(["toyos"]);
    expect(stack.servers.map((server) => server.name)).toEqual(["web", "db"]);
  });

  it("expands count, fills in what a server overrides, and gives it the openings of its roles", async () => {
    const stack = await loadValue({
      ...GOOD,
      master: "web-2",
      ssh: {
        port: 2200,
        connectTimeoutSeconds: 7,
        jumpHost: "gate@203.0.113.9:2022",
        configFile: "none",
      },
      upgrades: { atBoot: "security" },
      firewall: [
        { port: 80, from: "anywhere", roles: ["application"] },
        { port: "6000-6010", protocol: "udp", from: "stack" },
      ],
      servers: [
        {
          name: "web-{n}",
          count: 2,
          roles: ["application"],
          ssh: { port: 2300 },
          timezone: "Europe/Berlin",
          upgrades: { reboot: "never" },
        },
        {
          name: "db",
          count: 1,
          firewall: [{ port: "5432", from: ["10.0.0.0/8"] }],
          image: "toy-2",
        },
      ],
    });
    expect(stack.servers.map((server) => [server.name, server.ssh.port])).toEqual([
      ["web-1", 2300],
      ["web-2", 2300],
      ["db1", 2200],
    ]);
    const [web, , db] = stack.servers;
    expect(web).toMatchObject({
      timezone: "Europe/Berlin",
      upgrades: { atBoot: "security", automatic: "security", reboot: "never" },
      ssh: { connectTimeoutMs: 7_000, jumpHost: "gate@203.0.113.9:2022", configFile: "none" },
    });
    expect(web?.firewall.map((opening) => opening.port)).toEqual([80, "6000-6010"]);
    expect(db?.firewall).toEqual([
      { port: "6000-6010", protocol: "udp", from: "stack", roles: [] },
      { port: 5432, protocol: "tcp", from: ["10.0.0.0/8"], roles: [] },
    ]);
  });

  it("makes plug-ins from names with options", async () => {
    const stack = await loadValue({
      ...GOOD,
      provider: { name: "toy", region: "north", boxes: 2 },
    });
    expect(stack.provider.name).toBe("toy");
  });
});

describe("all problems are shown together", () => {
  it("tells them all, each with its path, line, column and a way out", async () => {
    const error = await failureOf(
      load(
        makeDirectory({
          "bootmachine.config.yaml": `name: Shop
provider: { name: toy, regoin: north }
opertor: ada
users:
  - name: ada
    sudo: nopasswd
    keys: ["${KEY}"]
    uid: 1001
  - name: root
    uid: 1001
    keys: ["${OTHER_KEY}"]
servers:
  - name: web
    roles: [application]
  - name: web
    siez: small
firewall:
  - { port: 80, from: anywhere, roles: [aplication] }
timezone: Europe/Berlni
`,
        }),
      ),
    );
    expect(error.code).toBe("CONFIG_INVALID");
    const shown = error.problems.map(
      (problem) =>
        `${problem.line}:${problem.column} ${problem.path}: ${problem.message} | ${problem.hint ?? ""}`,
    );
    expect(shown).toEqual([
      "1:7 name: must begin with a lower-case letter, hold only lower-case letters, digits and hyphens, not end with a hyphen, and have 40 characters at most | ",
      '2:24 provider.regoin: is not an option | Did you mean "region"? Known options here: region, boxes.',
      expect.stringMatching(/^3:1 opertor: is not an option \| Did you mean "operator"\?/),
      '9:11 users[1].name: "root" is an account of the system | Choose another name.',
      "10:10 users[1].uid: the uid 1001 is taken by users[0] | Every uid is used once.",
      '15:11 servers[1].name: the name "web" is taken by servers[0] | Every server needs a name of its own.',
      expect.stringMatching(/^16:5 servers\[1\]\.siez: is not an option \| Did you mean "size"\?/),
      '18:41 firewall[0].roles[0]: no server has the role "aplication" | Did you mean "application"? Known roles: application.',
      '19:11 timezone: "Europe/Berlni" is no time zone | Did you mean "Europe/Berlin"?',
    ]);
    expect(
      error.problems.every((problem) => problem.file?.endsWith("bootmachine.config.yaml")),
    ).toBe(true);
  });

  it("a broken entry does not make others look broken", async () => {
    // The server with the broken name may be the master, and may have the role.
    const problems = await problemsOf({
      ...GOOD,
      master: "gate",
      firewall: [{ port: 80, from: "anywhere", roles: ["gates"] }],
      servers: [{ name: 7, roles: ["x"] }, { name: "db" }],
    });
    expect(problems).toEqual(["servers[0].name: must be a text, not a number"]);
  });

  it("tells what is missing", async () => {
    expect(await problemsOf({})).toEqual([
      "name: is missing",
      "provider: is missing",
      "users: is missing",
      "servers: is missing",
    ]);
    expect(await problemsOf({ ...GOOD, servers: [] })).toEqual([
      "servers: must name at least one server",
    ]);
    expect(await problemsOf([GOOD])).toEqual([
      ": the config must be an object with name, provider, users and servers, not a list",
    ]);
    expect(await problemsOf({ ...GOOD, users: [] })).toEqual([
      'operator: is missing, and no user has sudo "nopasswd"',
    ]);
  });

  it("names the kind that is wanted and the kind that was given", async () => {
    const problems = await problemsOf({
      ...GOOD,
      concurrency: "many",
      ssh: [],
      locale: null,
      upgrades: { atBoot: "everything", reboot: "if-neded" },
    });
    expect(problems).toEqual([
      "concurrency: must be a whole number from 1 to 1000",
      "ssh: must be an object, not a list",
      "locale: must be a text, not null",
      'upgrades.atBoot: must be one of "all", "security", "none"',
      'upgrades.reboot: must be one of "if-needed", "never"',
    ]);
  });
});

describe("plug-ins by name", () => {
  it("an unknown name gets a suggestion and the list", async () => {
    const error = await failureOf(loadValue({ ...GOOD, provider: "tyo" }));
    expect(error.problems[0]).toMatchObject({
      path: "provider",
      message: 'there is no provider "tyo"',
      hint: containing('Did you mean "toy"? Known providers: toy.'),
    });
  });

  it("options are checked by the plug-in's own schema and by itself", async () => {
    expect(
      await problemsOf({ ...GOOD, provider: { name: "toy", region: "nroth", boxes: 0 } }),
    ).toEqual([
      'provider.region: must be one of "north", "south"',
      "provider.boxes: must be at least 1",
    ]);
    expect(await problemsOf({ ...GOOD, provider: { name: "toy", boxes: 13 } })).toEqual([
      "provider.boxes: must not be 13",
    ]);
    expect(await problemsOf({ ...GOOD, configurator: { name: "none", fast: true } })).toEqual([
      "configurator.fast: is not an option",
    ]);
    expect(await problemsOf({ ...GOOD, provider: { region: "north" } })).toEqual([
      "provider: must be a provider, its name, or an object with its name and options",
    ]);
  });

  it("a package beside the config is found, and one that exports no plug-in is told", async () => {
    const directory = makeDirectory({
      "node_modules/bootmachine-distro-plan9/package.json": JSON.stringify({
        name: "bootmachine-distro-plan9",
        type: "module",
        exports: { import: "./plugin.js" },
      }),
      "node_modules/bootmachine-distro-plan9/plugin.js": `export const plugin = {
        kind: "distro", name: "plan9",
        create: () => ({ kind: "distro", apiVersion: 1, name: "plan9", matches() {}, operations() {}, repository() {}, sshServer() {}, firewall() {} }),
      };`,
      "node_modules/not-a-plugin/package.json": JSON.stringify({
        name: "not-a-plugin",
        type: "module",
        exports: "./index.js",
      }),
      "node_modules/not-a-plugin/index.js": "export const nothing = 1;",
      "good/bootmachine.config.json": JSON.stringify({
        ...GOOD,
        distros: ["bootmachine-distro-plan9"],
        servers: [{ name: "web", distro: "plan9" }],
      }),
      "bad/bootmachine.config.json": JSON.stringify({
        ...GOOD,
        distros: ["not-a-plugin", "not-there"],
      }),
    });
    const stack = await load(`${directory}/good`);
    expect(stack.distros.map((distro) => distro.name)).toEqual(["plan9", "toyos"]);
    const error = await failureOf(load(`${directory}/bad`));
    expect(error.problems.map((problem) => problem.message)).toEqual([
      'the package "not-a-plugin" exports no distro',
      'there is no distro "not-there"',
    ]);
  });
});

describe("environment variables in YAML and JSON", () => {
  const config = {
    ...GOOD,
    name: "${STACK}-x",
    concurrency: "${MANY}",
    ssh: { port: "${PORT:-2222}", allowPort22: "${OK:-true}" },
    servers: [
      { name: "web", image: "${IMAGE:-toy-2}" },
      { name: "db", size: { cpus: "${CPUS:-3}", memoryGb: "${GB:-0.5}" } },
    ],
  };

  it("are filled in, with defaults, and count as numbers where a number is wanted", async () => {
    const stack = await loadValue(config, {
      env: { HOME: "/nonexistent", STACK: "live", MANY: "5", IMAGE: "" },
    });
    expect(stack.name).toBe("live-x");
    expect(stack.concurrency).toBe(5);
    expect(stack.ssh.port).toBe(2222);
    expect(stack.servers[0]?.image).toBe("toy-2");
    expect(stack.servers[1]?.size).toEqual({ cpus: 3, memoryGb: 0.5 });
  });

  it("an unset one is told by name, once, at its path, together with the other problems", async () => {
    const error = await failureOf(
      loadValue({ ...config, timezone: "Mars" }, { env: { HOME: "/nonexistent", MANY: "5" } }),
    );
    expect(error.problems).toMatchObject([
      { path: "name", message: "the environment variable STACK is not set", line: 2 },
      { path: "timezone", message: '"Mars" is no time zone' },
    ]);
  });

  it("$${ is a plain ${", async () => {
    const stack = await loadValue({
      ...GOOD,
      users: [{ name: "ada", keys: [KEY], sudo: "nopasswd", fullName: "$${ADA}" }],
    });
    expect(stack.users[0]?.fullName).toBe("${ADA}");
  });
});
