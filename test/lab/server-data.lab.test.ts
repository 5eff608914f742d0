import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";

tested({
  what: "the data for the starter kits",
  how: "real",
  on: ["Debian 11", "Debian 12", "Debian 13"],
});

const SERVERS = [
  { name: "old1", image: "debian-11", roles: ["database"] },
  { name: "mid1", image: "debian-12", roles: ["web"] },
  { name: "new1", image: "debian-13", roles: [] },
];

/**
 * A configurator that only asks the server whether it is as its own data say: what the starter kits would find at their
 * first run. It is written as a user would, in JavaScript, and sees nothing but the contract.
 */
const CONFIGURATOR = String.raw`
const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const is = (what, check) => "if ! ( " + check + "\n) >/dev/null 2>&1; then echo " + quote(what) + "; bad=1; fi";

function claims(data) {
  return [
    "bad=0",
    ...data.packages.map((name) => is("package " + name, "dpkg -s " + name + " | grep -q '^Status: install ok installed'")),
    ...data.groups.map(({ name, gid }) => is("group " + name, "getent group " + name + " | grep -q '^" + name + ":[^:]*:" + (gid ?? "[0-9]*") + ":'")),
    ...data.users.flatMap((user) => [
      is("user " + user.name, "getent passwd " + user.name + " | grep -q '^" + user.name + ":[^:]*:" + (user.uid ?? "[0-9]*") + ":[0-9]*:" + (user.full_name ?? "[^:]*") + ":" + user.home + ":" + (user.shell ?? "[^:]*") + "$'"),
      ...user.groups.map((group) => is(user.name + " in " + group, "id -nG " + user.name + " | grep -qw " + group)),
      user.keys === null ? ":" : user.keys.length === 0
        ? is("no keys of " + user.name, "! [ -e " + user.home + "/.ssh/authorized_keys ]")
        : is("keys of " + user.name, "printf '%s\\n' " + user.keys.map(quote).join(" ") + " | cmp - " + user.home + "/.ssh/authorized_keys && [ \"$(stat -c '%a %U' " + user.home + "/.ssh/authorized_keys)\" = '600 " + user.name + "' ]"),
    ]),
    ...data.directories.map((one) => is("directory " + one.path, "[ \"$(stat -c '0%a %U %G %F' " + one.path + ")\" = '" + [one.mode, one.owner, one.group, "directory"].join(" ") + "' ]")),
    ...data.files.flatMap((one) => [
      is("attributes of " + one.path, "[ \"$(stat -c '0%a %U %G' " + one.path + ")\" = '" + [one.mode, one.owner, one.group].join(" ") + "' ]"),
      is("content of " + one.path, "printf %s " + quote(one.content) + " | cmp - " + one.path),
      one.validate === null ? ":" : is("validity of " + one.path, "set -- " + one.path + "\n" + one.validate),
    ]),
    ...data.absent_files.map((path) => is("absent " + path, "! [ -e " + path + " ]")),
    ...data.services.flatMap(({ name, enabled, running }) => [
      enabled === null ? ":" : is(name + " enabled: " + enabled, (enabled ? "" : "! ") + "systemctl is-enabled -q " + name),
      running === null ? ":" : is(name + " running: " + running, (running ? "" : "! ") + "systemctl is-active -q " + name),
    ]),
    // As the tools run them: by a shell of their own, which has nothing of ours.
    ...data.commands.map(({ name, check }) => is("command " + name, "env -i PATH=\"$PATH\" sh -c " + quote(check))),
    is("host name", "[ \"$(hostname)\" = " + data.hostname + " ]"),
    is("time zone", "[ \"$(readlink -f /etc/localtime)\" = \"$(readlink -f /usr/share/zoneinfo/" + data.timezone + ")\" ]"),
    "[ $bad = 0 ]",
  ].join("\n");
}

export const configurator = {
  kind: "configurator", apiVersion: 1, name: "data", topology: "solo", masterPorts: [],
  minimumMemoryMb: { master: 0, agent: 0 },
  install: () => [], enroll: () => [], trees: () => [], verify: () => [], run: () => undefined,
  configure: ({ member }) => [{
    on: "member", title: "comparing",
    resources: () => [{ type: "command", id: "as the data say", check: claims(member.data), showCheckOutput: true }],
  }],
};
`;

/** Of a password that nobody knows. */
const HASH =
  "$6$labsalt0$95U0P4gxGny2b99O9awajDeKjX1eFv9qwYjyaRyHiA3XKxnrp3xTwCzdHhnnewfi/EkdLfOfh/Gbd5qvSrNaB/";

describe("the data of a server, on Debian 11, 12 and 13", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create("data", SERVERS, {
      upgrades: { atBoot: "none" },
      groups: [{ name: "ops", gid: 1500 }],
      firewall: [
        { port: 80, from: "anywhere", roles: ["web"] },
        { port: 5432, from: "stack", roles: ["database"] },
      ],
    });
    project.config["users"] = [
      { name: "ada", fullName: "Ada Lovelace", sudo: "nopasswd", keys: ["./id.pub"] },
      {
        name: "bob",
        uid: 1600,
        gid: 1600,
        groups: ["ops"],
        shell: "/bin/sh",
        sudo: "yes",
        passwordHash: HASH,
      },
    ];
    await project.write();
    const yaml = join(project.directory, "bootmachine.config.yaml");
    await rm(yaml);
    await writeFile(join(project.directory, "data.mjs"), CONFIGURATOR);
    await writeFile(
      join(project.directory, "bootmachine.config.mjs"),
      `import { configurator } from "./data.mjs";\nexport default { ...${JSON.stringify(project.config)}, configurator };\n`,
    );
  });
  afterAll(async () => {
    await project.remove();
  });

  it("is what up has left on it", async () => {
    const up = await project.run("up", "--yes", "--plain");
    expect(up.status, story(up)).toBe(0);
    expect(up.stdout).not.toContain("configure: skipped");
  });

  it.each([
    ["old1", "rm /etc/sudoers.d/bootmachine-bob", "content of /etc/sudoers.d/bootmachine-bob"],
    [
      "mid1",
      "nft flush chain inet bootmachine input; nft add rule inet bootmachine input accept",
      "command firewall live rules",
    ],
    ["new1", "echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter", "command sysctl network"],
    [
      "new1",
      "echo AllowUsers root >/etc/ssh/sshd_config.d/99-x.conf",
      "command ssh-server nothing added elsewhere",
    ],
  ])("tells on %s: %s", async (server, script, claim) => {
    await project.onServer(server, script);
    // Without the phases that would mend it first.
    const configure = await project.run("configure", "--yes", "--plain", "--server", server);
    expect(configure.status, story(configure)).toBe(1);
    expect(`${configure.stdout}${configure.stderr}`).toContain(claim);
    const up = await project.run("up", "--yes", "--server", server);
    expect(up.status, story(up)).toBe(0);
  });
});
