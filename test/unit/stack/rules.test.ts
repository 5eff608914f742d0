import { describe, expect, it } from "vitest";

import {
  containing,
  failureOf,
  GOOD,
  KEY,
  loadValue,
  OTHER_KEY,
  problemsOf,
} from "./support/config-directory.ts";

const ADA = { name: "ada", keys: [KEY], sudo: "nopasswd" };
const withServers = (...servers: readonly unknown[]): unknown => ({ ...GOOD, servers });
const withUsers = (...users: readonly unknown[]): unknown => ({ ...GOOD, users: [ADA, ...users] });
const withFirewall = (...firewall: readonly unknown[]): unknown => ({ ...GOOD, firewall });

describe("stack name", () => {
  it.each(["shop", "a", "a-1", "a".repeat(40)])("takes %j", async (name) => {
    expect((await loadValue({ ...GOOD, name })).name).toBe(name);
  });
  it.each(["", "Shop", "1shop", "shop-", "sh_op", "a".repeat(41)])("refuses %j", async (name) => {
    expect(await problemsOf({ ...GOOD, name })).toEqual([
      expect.stringMatching(/^name: must begin/),
    ]);
  });
});

describe("server names", () => {
  it.each([
    ["Web", /lower case/],
    ["web_1", /underscore/],
    ["web.example", /dots/],
    ["-web", /hyphen/],
    ["123", /must hold a letter/],
    ["localhost", /localhost/],
    ["wéb", /only lower-case letters/],
    ["a".repeat(64), /63 characters at most/],
    ["", /must not be empty/],
  ])("refuses %j", async (name, message) => {
    expect(await problemsOf(withServers({ name }))).toEqual([
      expect.stringMatching(new RegExp(`^servers\\[0\\]\\.name: .*${message.source}`)),
    ]);
  });

  it("are unique after count was expanded", async () => {
    expect(await problemsOf(withServers({ name: "web", count: 3 }, { name: "web2" }))).toEqual([
      'servers[1].name: the name "web2" is taken by servers[0]',
    ]);
    expect(await problemsOf(withServers({ name: "web1" }, { name: "web", count: 12 }))).toEqual([
      'servers[1].name: the name "web1" (made by count) is taken by servers[0]',
    ]);
  });

  it("a template needs a count, and its result must fit", async () => {
    expect(await problemsOf(withServers({ name: "web-{n}" }))).toEqual([
      'servers[0].name: holds "{n}", and there is no count',
    ]);
    expect(await problemsOf(withServers({ name: "a".repeat(62), count: 10 }))).toEqual([
      expect.stringMatching(/63 characters at most/),
    ]);
    expect(await problemsOf(withServers({ name: "web", count: 0 }))).toEqual([
      "servers[0].count: must be a whole number from 1 to 1000",
    ]);
  });

  it("there are not too many", async () => {
    const many = ["a", "b", "c", "d", "e", "f"].map((name) => ({ name, count: 1000 }));
    expect(await problemsOf(withServers(...many))).toEqual([
      "servers: makes 6000 servers; 5000 are the most in one stack",
    ]);
  });
});

describe("master", () => {
  it("is one of the servers", async () => {
    const error = await failureOf(loadValue({ ...GOOD, master: "wbe" }));
    expect(error.problems).toMatchObject([
      {
        path: "master",
        message: '"wbe" is none of the servers',
        hint: containing('"web"'),
      },
    ]);
  });
  it("is a name after count", async () => {
    const error = await failureOf(
      loadValue({ ...GOOD, master: "web", servers: [{ name: "web", count: 2 }] }),
    );
    expect(error.problems[0]?.hint).toBe('"web" has a count: name one of them, such as "web1".');
  });
  it("is required where the configurator has agents", async () => {
    expect(await problemsOf({ ...GOOD, configurator: "agents" })).toEqual([
      "master: is missing: agents needs a server for its server side",
    ]);
    const stack = await loadValue({ ...GOOD, configurator: "agents", master: "db" });
    expect(stack.master).toBe("db");
  });
});

describe("ssh", () => {
  it("port 22 must be meant", async () => {
    expect(await problemsOf({ ...GOOD, ssh: { port: 22 } })).toEqual([
      "ssh.port: is 22, where every scanner knocks",
    ]);
    expect((await loadValue({ ...GOOD, ssh: { port: 22, allowPort22: true } })).ssh.port).toBe(22);
    expect(await problemsOf(withServers({ name: "web", ssh: { port: 22 } }))).toEqual([
      "servers[0].ssh.port: is 22, where every scanner knocks",
    ]);
    const own = await loadValue(withServers({ name: "web", ssh: { port: 22, allowPort22: true } }));
    expect(own.servers[0]?.ssh.port).toBe(22);
  });
  it.each([0, 65_536, 2222.5, "2222"])("refuses the port %j", async (port) => {
    expect(await problemsOf({ ...GOOD, ssh: { port } })).toHaveLength(1);
  });
  it.each([
    "gate",
    "ada@gate",
    "ada@gate:2022",
    "a@b,c@d:1",
    "[2001:db8::1]:22",
    "ssh://ada@gate:22",
  ])("takes the jump host %j", async (jumpHost) => {
    expect((await loadValue({ ...GOOD, ssh: { jumpHost } })).ssh.jumpHost).toBe(jumpHost);
  });
  it.each(["", "-oProxyCommand=x", "a b", "gate:0", "gate:99999", "a,,b", "gate;ls"])(
    "refuses the jump host %j",
    async (jumpHost) => {
      expect(await problemsOf({ ...GOOD, ssh: { jumpHost } })).toEqual([
        expect.stringMatching(/^ssh\.jumpHost: /),
      ]);
    },
  );
  it.each([
    ["connectTimeoutSeconds", 0],
    ["readyTimeoutSeconds", 7201],
    ["phaseTimeoutSeconds", 9],
    ["rollbackSeconds", 9],
    ["rollbackSeconds", 3601],
    ["identity", "none"],
  ])("refuses %s %j", async (key, value) => {
    expect(await problemsOf({ ...GOOD, ssh: { [key]: value } })).toEqual([
      expect.stringMatching(new RegExp(`^ssh\\.${key}: must be`)),
    ]);
  });
});

describe("users and groups", () => {
  it("names are free, and not the system's", async () => {
    expect(
      await problemsOf(withUsers({ name: "ada" }, { name: "daemon" }, { name: "docker user" })),
    ).toEqual([
      'users[1].name: the user name "ada" is taken by users[0]',
      'users[2].name: "daemon" is an account of the system',
      expect.stringMatching(/^users\[3\]\.name: must begin with/),
    ]);
    expect(
      await problemsOf({ ...GOOD, groups: [{ name: "sudo" }, { name: "ops" }, { name: "ops" }] }),
    ).toEqual([
      'groups[0].name: "sudo" is a group of the system',
      'groups[2].name: the group name "ops" is taken by groups[1]',
    ]);
    expect(await problemsOf(withUsers({ name: "staff" }))).toEqual([
      expect.stringContaining('"staff" is a group of the system'),
    ]);
  });

  it("numbers do not clash", async () => {
    expect(
      await problemsOf({
        ...GOOD,
        groups: [
          { name: "ops", gid: 3000 },
          { name: "dev", gid: 3000 },
        ],
        users: [
          { ...ADA, uid: 2000, gid: 2000 },
          { name: "bob", uid: 2000, gid: 2000 },
          { name: "eve", uid: 65_534 },
          { name: "kim", uid: 0 },
        ],
      }),
    ).toEqual([
      "users[1].uid: the uid 2000 is taken by users[0]",
      "users[1].gid: the gid 2000 is taken by users[0]",
      'users[2].uid: 65534 means "nobody" to the system',
      expect.stringMatching(/^users\[3\]\.uid: must be a whole number from 100/),
      "groups[1].gid: the gid 3000 is taken by groups[0]",
    ]);
  });

  it("a declared group may be the primary group of many", async () => {
    const stack = await loadValue({
      ...GOOD,
      groups: [{ name: "ops", gid: 3000 }],
      users: [
        { ...ADA, gid: 3000 },
        { name: "bob", gid: 3000 },
      ],
    });
    expect(stack.users.map((user) => user.gid)).toEqual([3000, 3000]);
  });

  it("groups of a user exist", async () => {
    const stack = await loadValue({
      ...GOOD,
      groups: [{ name: "ops" }],
      users: [{ ...ADA, groups: ["ops", "adm", "ada"] }],
    });
    expect(stack.users[0]?.groups).toEqual(["ops", "adm", "ada"]);
    const error = await failureOf(
      loadValue({
        ...GOOD,
        groups: [{ name: "deployers" }],
        users: [{ ...ADA, groups: ["deployer", "adm", "adm"] }],
      }),
    );
    expect(error.problems).toMatchObject([
      {
        path: "users[0].groups[0]",
        message: 'there is no group "deployer"',
        hint: containing('"deployers"'),
      },
      { path: "users[0].groups[2]", message: '"adm" stands here twice' },
    ]);
  });

  it("sudo can work", async () => {
    expect(await problemsOf(withUsers({ name: "bob", sudo: "yes" }))).toEqual([
      "users[1].sudo: asks for a password that nobody has: without passwordHash the password is locked",
    ]);
    expect(await problemsOf(withUsers({ name: "bob", groups: ["sudo"] }))).toEqual([
      'users[1].groups[0]: the group "sudo" gives sudo, and sudo is "no"',
    ]);
    const hash = "$y$j9T$abcdefghijklmnop$0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    const stack = await loadValue(withUsers({ name: "bob", sudo: "yes", passwordHash: hash }));
    expect(stack.users[1]?.passwordHash).toBe(hash);
  });

  it("a password given instead of its hash is not repeated", async () => {
    const error = await failureOf(
      loadValue(withUsers({ name: "bob", passwordHash: "correct horse" })),
    );
    expect(error.problems[0]?.message).toMatch(/must be a crypt\(3\) hash/);
    expect(JSON.stringify(error.toRecord())).not.toContain("correct horse");
  });

  it.each([
    ["shell", "bash"],
    ["shell", "/bin/ba sh"],
    ["shell", "/bin/"],
    ["fullName", "Ada:x"],
    ["fullName", "Ada\nroot"],
  ])("refuses %s %j", async (key, value) => {
    expect(await problemsOf({ ...GOOD, users: [{ ...ADA, [key]: value }] })).toEqual([
      expect.stringMatching(new RegExp(`^users\\[0\\]\\.${key}: must`)),
    ]);
  });
});

describe("operator", () => {
  it("is one of the users", async () => {
    const error = await failureOf(loadValue({ ...GOOD, operator: "aad" }));
    expect(error.problems).toMatchObject([
      {
        path: "operator",
        message: '"aad" is none of the users',
        hint: 'Did you mean "ada"? Known users: ada.',
      },
    ]);
  });
  it("must be named where several could be it", async () => {
    const bob = { name: "bob", keys: [OTHER_KEY], sudo: "nopasswd" };
    expect(await problemsOf(withUsers(bob))).toEqual([
      'operator: is missing, and several users have sudo "nopasswd": ada, bob',
    ]);
    expect((await loadValue({ ...GOOD, operator: "ada", users: [ADA, bob] })).operator).toBe("ada");
  });
  it("has sudo without a password, and a key", async () => {
    const error = await failureOf(
      loadValue({ ...GOOD, operator: "ada", users: [{ name: "ada" }] }),
    );
    expect(error.problems.map(({ path, message, hint }) => [path, message, hint])).toEqual([
      [
        "users[0].sudo",
        'must be "nopasswd" for the operator ada',
        "The controller works as this user and cannot type a password.",
      ],
      ["users[0].keys", "the operator ada has no key", expect.any(String)],
    ]);
  });
});

describe("firewall", () => {
  it.each([
    [{ port: 0, from: "anywhere" }, "port"],
    [{ port: 70_000, from: "anywhere" }, "port"],
    [{ port: "80,443", from: "anywhere" }, "port"],
    [{ port: "6010-6000", from: "anywhere" }, "port"],
    [{ port: "0-10", from: "anywhere" }, "port"],
    [{ port: "80-70000", from: "anywhere" }, "port"],
    [{ port: 80, protocol: "icmp", from: "anywhere" }, "protocol"],
    [{ port: 80 }, "from"],
    [{ port: 80, from: "everywhere" }, "from"],
    [{ port: 80, from: [] }, "from"],
    [{ port: 80, from: ["10.0.0.1/8"] }, "from[0]"],
    [{ port: 80, from: ["10.0.0.0/8", "10.0.0.0/8"] }, "from[1]"],
    [{ port: 80, from: ["stack"] }, "from[0]"],
  ])("refuses %j", async (opening, key) => {
    const problems = await problemsOf(withFirewall(opening));
    expect(problems).toEqual([expect.stringContaining(`firewall[0].${key}: `)]);
  });

  it("a role that no server has is told", async () => {
    expect(
      await problemsOf(withFirewall({ port: 80, from: "anywhere", roles: ["database", "web"] })),
    ).toEqual(['firewall[0].roles[1]: no server has the role "web"']);
  });

  it("a role that the configurator cannot have is told at each server that has it", async () => {
    const servers = [
      { name: "web", roles: ["front", "taken"] },
      { name: "db", roles: ["taken"] },
      { name: "cache", roles: ["front"] },
    ];
    expect(await problemsOf({ ...GOOD, servers, configurator: "by-role" })).toEqual([
      'servers[0].roles[1]: the tool has a "taken" of its own',
      'servers[1].roles[0]: the tool has a "taken" of its own',
      expect.stringContaining("configurator.lists"),
      expect.stringContaining("configurator.lists"),
    ]);
  });

  it("a role that the configurator has something for, and no server has, is told", async () => {
    const config = { ...GOOD, configurator: "by-role" };
    expect(await problemsOf(config)).toEqual([
      'configurator.lists.databse: no server has the role "databse"',
    ]);
    // Where not all roles can be read, nothing is said of one that is missing.
    const broken = [{ name: "web", roles: [7] }];
    expect(await problemsOf({ ...config, servers: broken })).not.toContainEqual(
      containing("configurator"),
    );
  });

  it("the ssh port is opened by itself, on the servers that the opening is for", async () => {
    expect(await problemsOf(withFirewall({ port: 2849, from: "anywhere" }))).toEqual([
      "firewall[0].port: 2849 is the ssh port, which is opened by itself",
    ]);
    expect(await problemsOf(withFirewall({ port: "2800-2900", from: "stack" }))).toHaveLength(1);
    await loadValue(withFirewall({ port: 2849, protocol: "udp", from: "anywhere" }));
    // Narrowed: from these addresses alone, or from the stack by way of a member.
    await loadValue(withFirewall({ port: 2849, from: ["203.0.113.0/24", "2001:db8::/32"] }));
    expect(await problemsOf(withFirewall({ port: 2849, from: "stack" }))).toEqual([
      expect.stringContaining(
        "firewall[0].from: 2849 is the ssh port, and this computer is no member",
      ),
    ]);
    await loadValue({
      ...GOOD,
      ssh: { jumpHost: "192.0.2.1" },
      firewall: [{ port: 2849, from: "stack" }],
    });
    const servers = [
      { name: "web", roles: ["web"], ssh: { port: 2000 } },
      { name: "db", roles: ["db"], firewall: [{ port: 2000, from: "stack" }] },
    ];
    await loadValue({ ...GOOD, servers, firewall: [{ port: 2000, from: "stack", roles: ["db"] }] });
    expect(
      await problemsOf({
        ...GOOD,
        servers,
        firewall: [{ port: 2000, from: "stack", roles: ["web"] }],
      }),
    ).toHaveLength(1);
  });

  it("doubles are told", async () => {
    expect(
      await problemsOf(
        withFirewall(
          { port: 80, from: ["10.0.0.0/8", "::1"] },
          { port: "80", protocol: "tcp", from: ["::1", "10.0.0.0/8"], roles: [] },
          { port: 80, protocol: "udp", from: ["10.0.0.0/8", "::1"] },
        ),
      ),
    ).toEqual(["firewall[1]: is the same opening as number 1 of the list"]);
  });
});

describe("locale and time zone", () => {
  it.each(["C.UTF-8", "C", "en_GB.UTF-8", "de_DE.UTF-8@euro", "de_DE.ISO-8859-1"])(
    "takes the locale %j",
    async (locale) => {
      expect((await loadValue({ ...GOOD, locale })).locale).toBe(locale);
    },
  );
  it.each(["en_GB", "C.utf8", "en-GB.UTF-8", "en_GB.utf8", "english", "x; rm"])(
    "refuses the locale %j",
    async (locale) => {
      expect(await problemsOf({ ...GOOD, locale })).toEqual([expect.stringMatching(/^locale: /)]);
    },
  );
  it.each([
    "Etc/UTC",
    "UTC",
    "Europe/Berlin",
    "US/Pacific",
    "Etc/GMT+5",
    "America/Argentina/Ushuaia",
  ])("takes the time zone %j", async (timezone) => {
    expect((await loadValue({ ...GOOD, timezone })).timezone).toBe(timezone);
  });
  it.each(["europe/berlin", "Mars/Olympus", "+01:00", "Berlin", "../etc/passwd"])(
    "refuses the time zone %j",
    async (timezone) => {
      expect(await problemsOf({ ...GOOD, timezone })).toEqual([
        expect.stringMatching(/^timezone: /),
      ]);
    },
  );
});

describe("other settings", () => {
  it("roles are labels", async () => {
    expect(await problemsOf(withServers({ name: "web", roles: ["Web", "ok", "a b"] }))).toEqual([
      expect.stringMatching(/^servers\[0\]\.roles\[0\]: must begin/),
      expect.stringMatching(/^servers\[0\]\.roles\[2\]: must begin/),
    ]);
  });
  it.each([0, 1001, 1.5, "5"])("refuses the concurrency %j", async (concurrency) => {
    expect(await problemsOf({ ...GOOD, concurrency })).toEqual([
      "concurrency: must be a whole number from 1 to 1000",
    ]);
  });
  it("a server's distro is a plug-in of the stack", async () => {
    const error = await failureOf(loadValue(withServers({ name: "web", distro: "toyos-12" })));
    expect(error.problems[0]).toMatchObject({
      path: "servers[0].distro",
      hint: containing('Did you mean "toyos"?'),
    });
  });
  it("images and sizes are checked by the provider, once for servers that are alike", async () => {
    expect(
      await problemsOf(
        withServers({ name: "web", count: 5, image: "toy-9" }, { name: "db", size: "giant" }),
      ),
    ).toEqual([
      'servers[0].image: there is no image "toy-9"',
      'servers[1].size: there is no size "giant"',
    ]);
  });

  it("a distro and needs are wishes as well, and unknown ones stand at their place", async () => {
    const wishes = { image: { distro: "toyos-1" }, size: { cpus: 2, memoryGb: 4 } };
    const { servers } = await loadValue(withServers({ name: "web", ...wishes }));
    expect(servers[0]).toMatchObject(wishes);
    expect(
      await problemsOf(
        withServers(
          { name: "web", image: { distro: "toyos-9" } },
          { name: "db", size: { cpus: 5, memoryGb: 1 } },
        ),
      ),
    ).toEqual([
      'servers[0].image: there is no image "of the distro toyos-9"',
      'servers[1].size: there is no size "with at least 5 CPUs and 1 GiB of memory"',
    ]);
  });
  it.each([
    [{ image: 7 }, ["image: must be the name of an image, or"]],
    [{ image: { distro: "debian" } }, ["image.distro: must be a distro with its release"]],
    [{ size: [] }, ["size: must be the name of a size, or"]],
    [{ size: { cpus: 0, memoryGb: 4 } }, ["size.cpus: must be a whole number from 1 to 512"]],
    [{ size: { cpu: 2, memoryGb: 4 } }, ["size.cpus: is missing", "size.cpu: is not an option"]],
    [{ size: { cpus: 2 } }, ["size.memoryGb: is missing"]],
    [
      { size: { cpus: 1, memoryGb: 1, diskGb: 0.5 } },
      ["size.diskGb: must be a whole number from 1 to 65536"],
    ],
  ] as const)("%j is no wish, and what is wrong in it is told", async (wish, told) => {
    const problems = await problemsOf(withServers({ name: "web", ...wish }));
    expect(problems).toHaveLength(told.length);
    for (const [index, text] of told.entries())
      expect(problems[index]).toMatch(new RegExp(`^servers\\[0\\]\\.${text}`));
  });
});
