import { describe, expect, test } from "vitest";

import { InternalError } from "../../../src/errors/error.ts";
import { compileProgram } from "../../../src/program/compile-program.ts";
import { operationScript } from "../../../src/program/operation-script.ts";
import type { ProgramMode } from "../../../src/program/program.ts";
import type { Resource } from "../../../src/program/resource.ts";
import { resourceId } from "../../../src/program/resource-id.ts";
import { distroWith, FACTS } from "./shells.ts";

function compile(
  resources: readonly Resource[],
  mode: ProgramMode = "apply",
  distro = distroWith(),
): ReturnType<typeof compileProgram> {
  return compileProgram(resources, { title: "test", mode, distro, facts: FACTS });
}

const FILE: Resource = { type: "file", path: "/etc/motd", content: "x\n" };

describe("mistakes of a plug-in are refused, with the resource's id", () => {
  const bad: readonly (readonly [what: string, resource: Resource, message: RegExp])[] = [
    ["a NUL byte", { ...FILE, content: "a\0b" }, /"file \/etc\/motd": content has a NUL byte/],
    ["half a character", { ...FILE, content: "\ud800" }, /half a surrogate pair/],
    ["no content", { type: "file", path: "/etc/motd" }, /it has no content/],
    ["a relative path", { ...FILE, path: "etc/motd" }, /"etc\/motd" is not absolute/],
    ["a path with ..", { ...FILE, path: "/etc/../motd" }, /not in its plain form/],
    ["a path with a slash at its end", { ...FILE, path: "/etc/" }, /not in its plain form/],
    ["a path of two lines", { ...FILE, path: "/etc/a\nb" }, /control character/],
    ["the root directory", { type: "directory", path: "/" }, /not in its plain form/],
    ["a mode in words", { ...FILE, mode: "u+rw" }, /the mode "u\+rw"/],
    ["a mode with a digit too many", { ...FILE, mode: "00644" }, /the mode/],
    ["an owner that is a number", { ...FILE, owner: "0" }, /"0" is no owner/],
    ["an owner that is two", { ...FILE, owner: "root:root" }, /is no owner/],
    ["an id of two lines", { ...FILE, id: "a\nbm1 end 0 0 ms" }, /control character/],
    ["a package that is an option", { type: "package", names: ["-y"] }, /"-y" is no package name/],
    ["no package", { type: "package", names: [], id: "x" }, /names no package/],
    ["a user that is an option", { type: "user", name: "-r" }, /"-r" is no user name/],
    ["a colon in a name", { type: "user", name: "a", fullName: "A:0:0" }, /has a colon/],
    ["a password in two lines", { type: "user", name: "a", passwordHash: "x\ny:z" }, /hash/],
    ["a uid that is none", { type: "user", name: "a", uid: -1 }, /uid -1/],
    ["a key of two lines", { type: "authorized-keys", user: "a", keys: ["a\nb"] }, /line break/],
    [
      "a rule that sudo passes over",
      { type: "sudo-rule", name: "a.b", rules: [] },
      /sudo does not/,
    ],
    ["a service that is an option", { type: "service", name: "--all" }, /no service name/],
    [
      "a setting outside of /proc/sys",
      { type: "sysctl", name: "a", settings: { "..x": "1" } },
      /no kernel/,
    ],
    [
      "a value of two lines",
      { type: "sysctl", name: "a", settings: { "a.b": "1\n2" } },
      /no usable/,
    ],
    [
      "a hosts entry of two lines",
      { type: "hosts-entries", entries: [{ address: "::1", names: ["a\nb"] }] },
      /hosts entry/,
    ],
    [
      "a mark in a block",
      { type: "block", path: "/a", name: "x", content: "# END bootmachine y\n" },
      /mark/,
    ],
    ["a host name with a blank", { type: "hostname", hostname: "a b" }, /no host name/],
    [
      "no time at all",
      { type: "command", id: "c", check: "true", timeoutSeconds: 0 },
      /timeoutSeconds/,
    ],
  ];
  test.each(bad)("%s", (_, resource, message) => {
    expect(() => compile([resource])).toThrow(InternalError);
    expect(() => compile([resource])).toThrow(message);
  });

  test("one id twice", () => {
    expect(() => compile([FILE, FILE])).toThrow(/Two resources have the id "file \/etc\/motd"/);
  });

  test("two that want different things of one file; the same one twice is harmless", () => {
    const again = { ...FILE, id: "again" };
    expect(() => compile([FILE, { ...again, content: "y\n" }])).toThrow(
      /"file \/etc\/motd" and "again" want different things of \/etc\/motd/,
    );
    expect(compile([FILE, again]).ids).toEqual(["file /etc/motd", "again"]);
    expect(compile([FILE, { ...again, content: "y\n", onlyIf: "true" }]).ids).toHaveLength(2);
  });

  test("a part that the distro made is checked as well", () => {
    const distro = distroWith({}, { firewall: () => [{ ...FILE, path: "relative" }] });
    expect(() => compile([{ type: "firewall", openings: [] }], "check", distro)).toThrow(
      /"firewall: file relative": the path "relative" is not absolute/,
    );
  });

  test("a distro that answers a resource with itself", () => {
    const distro = distroWith({}, { firewall: (resource) => [resource] });
    expect(() => compile([{ type: "firewall", openings: [] }], "check", distro)).toThrow(
      /answers .* with itself/,
    );
  });
});

describe("parts of a whole", () => {
  const distro = distroWith(
    {},
    {
      sshServer: () => [
        { ...FILE, id: "ssh-server drop-in", onlyIf: "true", skipReason: "its own" },
        { type: "service", name: "ssh", running: true, triggers: [{ run: "b" }, { run: "a" }] },
      ],
    },
  );
  const whole: Resource = {
    type: "ssh-server",
    settings: [],
    onlyIf: "test 1",
    skipReason: "not here",
    triggers: [{ run: "a" }],
  };

  test("have ids that begin with the whole's, its condition and its triggers", () => {
    const { ids, text } = compile([whole], "apply", distro);
    expect(ids).toEqual(["ssh-server drop-in", "ssh-server: service ssh"]);
    expect(text).toContain("p_only_if '(\ntest 1\n) && (\ntrue\n)' 'its own'");
    expect(text).toContain("p_only_if 'test 1' 'not here'");
    const noted = [...text.matchAll(/p_note (\d+) ([0-9a-f]+) p_trigger/g)].map(([, n]) => n);
    expect(noted).toEqual(["001", "002", "001"]);
  });
});

describe("the text", () => {
  test("of a check holds nothing that changes anything", () => {
    const { text } = compile(
      [
        FILE,
        { type: "package", names: ["a"] },
        { type: "user", name: "a", groups: ["b"] },
        { type: "sudo-rule", name: "a", rules: ["a ALL=(ALL) ALL"] },
        { type: "authorized-keys", user: "a", keys: [] },
        { type: "sysctl", name: "a", settings: { "a.b": "1" } },
        { type: "service", name: "a", enabled: true, running: true },
        { type: "command", id: "c", check: "true", run: "rm -rf /srv/x", triggers: [{ run: "y" }] },
      ],
      "check",
    );
    expect(text).not.toMatch(/\b(mv|rm|chmod|chown|mkdir|mktemp|ln|tee|su|useradd|apt-get)\s/);
    expect(text).not.toMatch(/_mend|op_(userAdd|packagesInstall|serviceStart)/);
  });

  test("holds the operations that are used, and no others", () => {
    const { text } = compile([{ type: "group", name: "a" }]);
    expect([...text.matchAll(/^op_\w+/gm)].map(String)).toEqual(["op_groupAdd", "op_groupChange"]);
    expect(text).not.toContain("p_sysctl");
  });

  test("is the same for the same resources", () => {
    expect(compile([FILE]).text).toBe(compile([FILE]).text);
  });

  test("has its title on one line, whatever the title is", () => {
    const { text } = compileProgram([], {
      title: "a\nrm -rf /\r`b`",
      mode: "check",
      distro: distroWith(),
      facts: FACTS,
    });
    expect(text.split("\n")[1]).toBe("# bootmachine: a rm -rf / `b`");
  });

  test("names each function that it calls", () => {
    for (const mode of ["check", "apply"] as const) {
      const { text } = compile(
        [FILE, { type: "user", name: "a" }, { type: "package", names: ["a"] }],
        mode,
      );
      const defined = new Set([...text.matchAll(/^\s*([po]p?_\w+)\(\)/gm)].map(([, name]) => name));
      const called = [...text.matchAll(/^\s*((?:p|op)_\w+)(?= |$)/gm)].map(([, name]) => name);
      expect(called.filter((name) => !defined.has(name))).toEqual([]);
    }
  });
});

test("ids tell what a resource is", () => {
  expect(resourceId({ type: "package", names: ["a", "b"] })).toBe("package a b");
  expect(resourceId({ type: "block", path: "/a", name: "x", content: "" })).toBe("block x in /a");
  expect(resourceId({ type: "locale", locale: "C.UTF-8", id: "own" })).toBe("own");
});

test("an operation runs by itself", () => {
  expect(operationScript({ sh: 'echo "$1"; return 0' }, ["it's"])).toBe(
    `bm_operation() {\necho "$1"; return 0\n}\nbm_operation 'it'\\''s'\n`,
  );
  expect(() => operationScript({ impossible: "no such thing" })).toThrow(/no such thing/);
});
