import { describe, expect, it } from "vitest";
import { serverData } from "../../../../src/baseline/server-data.ts";
import type { ConfiguratorContext } from "../../../../src/configurators/contract.ts";
import type {
  ScriptOptions,
  ScriptResource,
} from "../../../../src/configurators/script/options.ts";
import { script } from "../../../../src/configurators/script/script.ts";
import type { UserError } from "../../../../src/errors/error.ts";
import type { Resource } from "../../../../src/program/resource.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

/** web1, of the role "application", as it is after it was secured. */
function context(roles: readonly string[] = ["application"]): ConfiguratorContext {
  const baseline = contextFixture("12");
  const member = {
    server: "web1",
    roles,
    isMaster: false,
    publicAddresses: [],
    privateAddresses: ["10.0.0.11"],
    address: "10.0.0.11",
    sshPort: 2849,
    hostKeys: [],
  };
  return {
    stack: "shop",
    operator: "ada",
    controller: { directory: "/home/ada/shop", sshConfigFile: "/home/ada/shop/ssh_config" },
    member: { ...member, facts: baseline.facts, data: serverData(baseline) },
    members: [member],
    master: undefined,
  };
}

function resourcesOf(options: ScriptOptions, roles?: readonly string[]): readonly Resource[] {
  return script(options)
    .configure(context(roles))
    .flatMap((step) => step.resources({}));
}

/** One valid resource of each type. */
const EACH: readonly ScriptResource[] = [
  { type: "package", names: ["nginx"] },
  {
    type: "repository",
    name: "tool",
    uri: "https://example.com/debian",
    suite: "bookworm",
    components: ["main"],
    key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
  },
  {
    type: "file",
    path: "/etc/motd",
    content: "Hello\n",
    mode: "0644",
    triggers: [{ reload: "nginx" }, { restart: "nginx" }, { run: "true" }],
    onlyIf: "true",
    skipReason: "never",
  },
  { type: "block", path: "/etc/fstab", name: "data", content: "x\n" },
  { type: "directory", path: "/srv/data", owner: "www-data", group: "www-data" },
  { type: "symlink", path: "/srv/link", target: "data" },
  { type: "group", name: "shop", gid: 3000 },
  { type: "user", name: "shop", home: "/srv/shop", groups: ["shop"] },
  { type: "authorized-keys", user: "shop", keys: [] },
  { type: "sudo-rule", name: "shop", rules: ["shop ALL=(ALL) NOPASSWD: /bin/true"] },
  { type: "service", name: "nginx", enabled: true, running: true },
  { type: "sysctl", name: "70-shop", settings: { "vm.swappiness": "10" } },
  { type: "command", id: "index", check: "test -e /srv/index", run: "touch /srv/index" },
];

it("takes every type of resource, and hands it on as it is", () => {
  expect(resourcesOf({ resources: { "*": EACH } })).toEqual(EACH);
});

it("gives a server what its roles get, everybody's first, the rest in the order written", () => {
  const file = (name: string): ScriptResource => ({ type: "file", path: `/${name}`, content: "" });
  const resources = {
    database: [file("database")],
    web: [file("web")],
    "*": [file("all")],
    application: () => [file("application")],
  };
  const paths = (roles: readonly string[]): readonly string[] =>
    resourcesOf({ resources }, roles).map((resource) => ("path" in resource ? resource.path : ""));
  expect(paths(["application", "web"])).toEqual(["/all", "/web", "/application"]);
  expect(paths([])).toEqual(["/all"]);
  expect(script({ resources: { web: resources.web } }).configure(context())).toEqual([]);
});

it("hands the server to a function", () => {
  const [file] = resourcesOf({
    resources: {
      application: ({ member, members }) => [
        { type: "file", path: "/x", content: `${member.server} of ${members.length}` },
      ],
    },
  });
  expect(file).toMatchObject({ content: "web1 of 1" });
});

describe("wrong options", () => {
  function problemsOf(make: () => unknown): readonly string[] {
    try {
      make();
    } catch (error) {
      expect(error).toMatchObject({ code: "CONFIG_INVALID" });
      return (error as UserError).problems.map(({ path, message }) => `${path}: ${message}`);
    }
    return [];
  }
  const call = (...list: readonly unknown[]): readonly string[] =>
    problemsOf(() => script({ resources: { web: list as ScriptResource[] } }));

  it.each([
    [{ type: "files", path: "/x" }, /resources\.web\[0\]\.type: is "files"/],
    [{ type: "file", path: "etc/motd", content: "" }, /resources\.web\[0\]\.path.*absolute/],
    [{ type: "file", path: "/etc/motd", content: "", mode: 644 }, /resources\.web\[0\]\.mode/],
    [{ type: "file", path: "/etc/motd", contents: "" }, /contents.*is not an option/],
    [{ type: "package", names: "nginx" }, /resources\.web\[0\]\.names/],
    [{ type: "command", check: "true" }, /resources\.web\[0\]\.id/],
    [{ type: "firewall", openings: [] }, /resources\.web\[0\]\.type/],
    [
      { type: "file", path: "/x", content: "", triggers: [{ reload: "a", run: "b" }] },
      /triggers\[0\]: must be one of/,
    ],
    [{ type: "service", name: "x", running: "yes" }, /resources\.web\[0\]\.running/],
  ])("%j", (resource, message) => {
    expect(call(resource).join("\n")).toMatch(message);
  });

  it("are all told at once", () => {
    expect(call({ type: "package", names: [] }, { type: "directory", path: "x" })).toHaveLength(2);
  });

  it("are found by the check at load where only the compiler's rules tell", async () => {
    const configurator = script({
      resources: {
        web: [
          { type: "directory", path: "/srv" },
          { type: "file", path: "/etc/../x", content: "" },
          { type: "file", path: "/etc/motd" },
          { type: "package", names: ["-rf"] },
        ],
      },
    });
    expect((await configurator.check?.("/"))?.map(({ path, message }) => [path, message])).toEqual([
      [["resources", "web", 1], 'the path "/etc/../x" is not in its plain form'],
      [["resources", "web", 2], "it has no content"],
      [["resources", "web", 3], '"-rf" is no package name'],
    ]);
  });

  it("come from functions, too", () => {
    const made = (list: readonly unknown[]) => () => list as ScriptResource[];
    const problems = (list: readonly unknown[]): string =>
      problemsOf(() => resourcesOf({ resources: { "*": made(list) } })).join("\n");
    expect(problems([{ type: "file", path: "x", content: "" }])).toMatch(/\[0\]\.path.*absolute/);
    expect(problems([{ type: "package", names: ["a b"] }])).toMatch(/"a b" is no package name/);
  });

  it("are resources that contradict each other or the baseline", () => {
    const problems = (...list: readonly ScriptResource[]): string =>
      problemsOf(() => resourcesOf({ resources: { "*": list } })).join("\n");
    const path = "/etc/ssh/sshd_config.d/00-bootmachine.conf";
    expect(problems({ type: "file", path, content: "" })).toMatch(/the baseline writes it/);
    expect(problems({ type: "block", path, name: "x", content: "" })).toMatch(/baseline/);
    expect(problems({ type: "user", name: "deploy", shell: "/bin/sh" })).toMatch(/under `users`/);
    expect(problems({ type: "authorized-keys", user: "ada", keys: [] })).toMatch(/under `users`/);
    expect(problems({ type: "authorized-keys", user: "root", keys: ["k"] })).toMatch(/as root/);
    expect(problems({ type: "sudo-rule", name: "bootmachine-ada", rules: [] })).toMatch(/baseline/);
    expect(
      problems(
        { type: "file", path: "/a", content: "1" },
        { type: "file", path: "/a", content: "2", id: "other" },
      ),
    ).toMatch(/"file \/a" is about \/a as well/);
    expect(problems({ type: "package", names: ["a"] }, { type: "package", names: ["a"] })).toMatch(
      /two resources have this id/,
    );
    // A user with their keys, and two that cannot both count, are well.
    expect(
      problems(
        { type: "user", name: "shop" },
        { type: "authorized-keys", user: "shop", keys: [] },
        { type: "file", path: "/a", content: "1", onlyIf: "true" },
        { type: "file", path: "/a", content: "2", onlyIf: "false", id: "other" },
      ),
    ).toBe("");
  });
});
