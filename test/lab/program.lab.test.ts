import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { debian } from "../../src/distros/debian.ts";
import type { Host } from "../../src/host/host.ts";
import { openHost } from "../../src/host/open-host.ts";
import { compileProgram } from "../../src/program/compile-program.ts";
import type { ProgramMode } from "../../src/program/program.ts";
import type { ProgramReport, ReportMessage, ResourceReport } from "../../src/program/report.ts";
import type { Resource } from "../../src/program/resource.ts";
import { resourceId } from "../../src/program/resource-id.ts";
import { openSsh } from "../../src/transport/open-ssh.ts";
import { type Lab, startLabServers } from "./lab-servers.ts";

const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9pAYWdQmkS5bKfNRFKLyMXxgKQRcCW5bNOCBxVbJ4H ada@laptop";
/** "wonderland", by SHA-512 crypt. */
const HASH =
  "$6$rounds=5000$saltsaltsalt$ZQZ6xZKzjJIbNwF4e4KfLqO7yq9HqI5vWQ0hD1gq8Rj5s9bCmTt2PHqXb3hEWc0ljo9l0N1s1c2v3b4n5m6Q70";

/** Every resource type, in an order in which each finds what it needs. */
const EVERYTHING: readonly Resource[] = [
  { type: "package", id: "wanted packages", names: ["sudo", "procps", "cron"] },
  { type: "package", id: "unwanted packages", names: ["nano", "ed"], state: "absent" },
  { type: "hostname", hostname: "lab-program" },
  {
    type: "hosts-entries",
    entries: [
      { address: "127.0.1.1", names: ["lab-program"] },
      { address: "fd00::1", names: ["other", "other.example"] },
    ],
  },
  { type: "locale", locale: "C.UTF-8" },
  { type: "timezone", timezone: "Europe/Berlin" },
  { type: "directory", path: "/srv/app", mode: "2775", group: "daemon" },
  {
    type: "file",
    path: "/srv/app/conf",
    content: "x = 1\n",
    mode: "0640",
    group: "daemon",
    validate: 'grep -q "^x =" "$1"',
    triggers: [{ restart: "cron" }, { run: "echo run >>/srv/app/triggered" }],
  },
  { type: "symlink", path: "/srv/conf", target: "app/conf" },
  { type: "block", path: "/etc/profile", name: "lab", content: "umask 027\n" },
  { type: "group", name: "deploy", gid: 4000 },
  {
    type: "user",
    name: "ada",
    fullName: "Ada Lovelace",
    uid: 4001,
    groups: ["sudo", "deploy"],
    shell: "/bin/sh",
  },
  { type: "user", name: "bob", passwordHash: HASH },
  { type: "user", name: "mallory", state: "absent" },
  { type: "authorized-keys", user: "ada", keys: [KEY] },
  { type: "authorized-keys", user: "bob", keys: [] },
  { type: "directory", path: "/home/ada/.config", owner: "ada", mode: "0700" },
  {
    type: "file",
    path: "/home/ada/.config/token",
    owner: "ada",
    content: "secret of ada",
    secret: true,
  },
  { type: "sudo-rule", name: "10-ada", rules: ["ada ALL=(ALL:ALL) NOPASSWD: ALL"] },
  { type: "service", name: "cron", enabled: true, running: true },
  {
    type: "sysctl",
    name: "60-lab",
    settings: {
      "net.ipv4.conf.all.rp_filter": "1",
      "net.ipv4.tcp_rmem": "4096  87380 6291456",
      "kernel.no_such_thing": "1",
    },
  },
  { type: "sysctl", name: "61-lab", settings: { "vm.swappiness": "13" } },
  { type: "command", id: "a command", check: "test -e /srv/done", run: "touch /srv/done" },
  {
    type: "ssh-server",
    settings: [
      ["Port", "22"],
      ["PermitRootLogin", "prohibit-password"],
      ["X11Forwarding", "no"],
    ],
  },
  { type: "firewall", openings: [{ port: 22, protocol: "tcp", from: "anywhere" }] },
];
/** Belongs to the whole computer, so that a container skips it. */
const SKIPPED = "sysctl 61-lab";

/** Ways to take one resource out of its state. */
const PERTURBATIONS: readonly (readonly [id: string, script: string])[] = [
  ["directory /srv/app", "chmod 755 /srv/app"],
  ["file /srv/app/conf", "echo y >>/srv/app/conf"],
  ["symlink /srv/conf", "ln -sfn /etc /srv/conf"],
  ["block lab in /etc/profile", "sed -i 's/^umask 027$/umask 000/' /etc/profile"],
  ["hosts-entries", "sed -i /other.example/d /etc/hosts"],
  ["group deploy", "groupmod -g 4444 deploy"],
  ["user ada", "usermod -s /bin/bash -c Eve ada"],
  ["user ada", "gpasswd -d ada deploy"],
  ["user ada", "usermod -p '' ada"],
  ["user bob", "usermod -p '*' bob"],
  ["authorized-keys ada", "echo other >>/home/ada/.ssh/authorized_keys"],
  ["authorized-keys ada", "chmod 777 /home/ada/.ssh"],
  ["authorized-keys ada", "chown -R root /home/ada/.ssh"],
  ["authorized-keys bob", "mkdir -p /home/bob/.ssh; echo x >/home/bob/.ssh/authorized_keys"],
  ["file /home/ada/.config/token", "echo more >>/home/ada/.config/token"],
  ["sudo-rule 10-ada", "echo 'bob ALL=(ALL) ALL' >>/etc/sudoers.d/10-ada"],
  ["service cron", "systemctl stop cron"],
  ["service cron", "systemctl disable cron"],
  ["sysctl 60-lab", "echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter"],
  ["sysctl 60-lab", "rm /etc/sysctl.d/60-lab.conf"],
  ["hostname lab-program", "hostname elsewhere"],
  ["locale C.UTF-8", "echo LANG=C >/etc/default/locale"],
  ["timezone Europe/Berlin", "ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime"],
  ["unwanted packages", "apt-get -qq install -y ed >/dev/null 2>&1"],
  ["a command", "rm /srv/done"],
];

/** All of them, in rounds in which each resource is perturbed once. */
function rounds(): readonly ReadonlyMap<string, string>[] {
  const all: Map<string, string>[] = [];
  for (const [id, script] of PERTURBATIONS) {
    const free = all.find((round) => !round.has(id));
    if (free === undefined) all.push(new Map([[id, script]]));
    else free.set(id, script);
  }
  return all;
}

/** ASCII armour around base64 lines (RFC 9580, 6.2). */
function armour(base64: string): string {
  let crc = 0xb7_04_ce;
  for (const byte of Buffer.from(base64, "base64")) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1_00_00_00) !== 0) crc ^= 0x1_86_4c_fb;
    }
  }
  const check = Buffer.from([(crc >> 16) & 255, (crc >> 8) & 255, crc & 255]).toString("base64");
  const block = "PGP PUBLIC KEY BLOCK";
  return `-----BEGIN ${block}-----\n\n${base64}\n=${check}\n-----END ${block}-----\n`;
}

const distro = debian();
let lab: Lab;
const hosts = new Map<string, Host>();

function host(server: string): Host {
  const found = hosts.get(server);
  if (found === undefined) throw new Error(`no host ${server}`);
  return found;
}

async function run(
  server: string,
  mode: ProgramMode,
  resources: readonly Resource[],
): Promise<{ readonly report: ProgramReport; readonly messages: readonly ReportMessage[] }> {
  const { facts } = host(server);
  const program = compileProgram(resources, { title: `lab ${server}: test`, mode, distro, facts });
  const messages: ReportMessage[] = [];
  const report = await host(server).runProgram(program, {
    timeoutMs: 240_000,
    onMessage: (message) => messages.push(message),
  });
  return { report, messages };
}

async function onServer(server: string, script: string): Promise<string> {
  const { status, stdout, stderr } = await host(server).run(script);
  if (status !== 0) throw new Error(`status ${status}: ${stdout}${stderr}`);
  return stdout;
}

function statusOf(reports: readonly ResourceReport[], id: string): string | undefined {
  return reports.find((report) => report.id === id)?.status;
}

beforeAll(async () => {
  lab = await startLabServers({
    name: "program",
    servers: ["11", "12", "13"].map((release) => ({
      name: `debian${release}`,
      image: `debian-${release}`,
    })),
  });
  for (const { name } of lab.servers) await connect(name);
});

/** A link of its own: what runs its commands is the `sh` of this moment. */
async function connect(server: string): Promise<void> {
  const found = lab.servers.find(({ name }) => name === server);
  if (found === undefined) throw new Error(`no server ${server}`);
  await hosts.get(server)?.close();
  const ssh = openSsh({ controlDirectory: lab.directory });
  const { signal } = lab.context;
  hosts.set(server, await openHost(ssh, found.target, found.sshOptions, { signal }));
}

afterAll(async () => {
  for (const open of hosts.values()) await open.close();
  await lab.stop();
});

describe.each(["debian11", "debian12", "debian13"])("every resource type on %s", (server) => {
  test("differs, is changed, is as wanted, and stays so", async () => {
    await onServer(server, "useradd mallory; true");
    const first = await run(server, "check", EVERYTHING);
    expect(statusOf(first.report.resources, "file /srv/app/conf")).toBe("differs");
    await onServer(server, "! test -e /srv/app && ! id ada 2>/dev/null && id mallory >/dev/null");

    const { report } = await run(server, "apply", EVERYTHING);
    expect(report.resources.filter(({ status }) => status === "failed")).toEqual([]);
    expect(report.status).toBe(0);
    expect(report.triggered).toContain("restart cron");
    for (const mode of ["apply", "check"] as const) {
      const again = await run(server, mode, EVERYTHING);
      expect(again.report.resources.filter(({ status }) => status !== "ok")).toMatchObject([
        { id: SKIPPED, status: "skipped" },
      ]);
      expect(again.report.triggered).toEqual([]);
    }

    expect(await onServer(server, "cat /srv/app/triggered")).toBe("run\n");
    expect(await onServer(server, "id -un 4001; id -Gn ada")).toBe("ada\nada sudo deploy\n");
    expect(
      await onServer(server, "sed -n 's/^\\(ada\\|bob\\):\\([^:]*\\):.*/\\2/p' /etc/shadow"),
    ).toBe(`*\n${HASH}\n`);
    expect(
      await onServer(
        server,
        "stat -c '%a %U %G %n' /home/ada/.ssh /home/ada/.ssh/*; cat /home/ada/.ssh/*",
      ),
    ).toBe(`700 ada ada /home/ada/.ssh\n600 ada ada /home/ada/.ssh/authorized_keys\n${KEY}\n`);
    expect(await onServer(server, "su ada -c 'sudo -n id -un'")).toBe("root\n");
    expect(await onServer(server, "stat -c '%a %U' /etc/sudoers.d/10-ada")).toBe("440 root\n");
    expect(await onServer(server, "cat /proc/sys/net/ipv4/tcp_rmem")).toBe(
      "4096\t87380\t6291456\n",
    );
    expect(await onServer(server, "hostname; getent hosts other | tr -s ' '")).toBe(
      "lab-program\nfd00::1 other other.example\n",
    );
    expect(
      await onServer(
        server,
        "find / -xdev -name '.bootmachine.*' -o -xdev -name '*.bootmachine-*'",
      ),
    ).toBe("");
  });

  test.each(rounds().map((round, n) => [n + 1, round] as const))(
    "what somebody has changed is found and mended, and nothing else: round %i",
    async (_, round) => {
      const ids = [...round.keys()].toSorted();
      const found = (reports: readonly ResourceReport[], wanted: string): readonly string[] =>
        reports
          .filter(({ status }) => status === wanted)
          .map(({ id }) => id)
          .toSorted();
      await onServer(server, [...round.values()].join("\n"));
      const check = await run(server, "check", EVERYTHING);
      expect(found(check.report.resources, "differs")).toEqual(ids);
      const apply = await run(server, "apply", EVERYTHING);
      expect(found(apply.report.resources, "changed")).toEqual(ids);
      const again = await run(server, "check", EVERYTHING);
      expect(found(again.report.resources, "differs")).toEqual([]);
    },
  );
});

describe.each(["debian12", "debian13"])("packages from elsewhere on %s", (server) => {
  test("a repository with its key is added, used and taken away; upgrades come to an end", async () => {
    // The archive that the server knows already, in a suite that it does not use.
    const [uri = "", release = ""] = (
      await onServer(
        server,
        `apt-get -qq update && apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | head -n 1`,
      )
    )
      .trim()
      .split(" ");
    const keyring = await onServer(
      server,
      "base64 -w 64 /usr/share/keyrings/debian-archive-keyring.gpg",
    );
    const repository: Resource = {
      type: "repository",
      name: "lab",
      uri,
      suite: `${release}-backports`,
      components: ["main"],
      key: armour(keyring.trim()),
    };
    const wanted: readonly Resource[] = [repository, { type: "upgrade", scope: "security" }];
    const first = await run(server, "apply", wanted);
    expect(first.report.resources.filter(({ status }) => status === "failed")).toEqual([]);
    expect(
      await onServer(server, "apt-get indextargets --format '$(SOURCESENTRY)' | grep -c lab"),
    ).not.toBe("0\n");
    for (const mode of ["apply", "check"] as const) {
      const { report } = await run(server, mode, wanted);
      expect(report.resources.filter(({ status }) => status !== "ok")).toEqual([]);
    }
    await run(server, "apply", [{ ...repository, state: "absent" }]);
    await onServer(server, "! test -e /etc/apt/sources.list.d/bootmachine-lab.sources");
  });
});

describe("what an administrator's commands do, under every shell that a host may have as sh", () => {
  const WANTED: readonly Resource[] = [
    { type: "package", id: "package", names: ["ed"] },
    { type: "package", id: "no package", names: ["nano"], state: "absent" },
    { type: "group", name: "shells", gid: 4100 },
    {
      type: "user",
      name: "shelly",
      fullName: "Shelly O'Neill",
      groups: ["shells"],
      passwordHash: HASH,
    },
    { type: "authorized-keys", user: "shelly", keys: [KEY] },
    { type: "sudo-rule", name: "30-shelly", rules: ["shelly ALL=(ALL:ALL) NOPASSWD: ALL"] },
    { type: "service", name: "cron", enabled: true, running: true },
    { type: "sysctl", name: "62-lab", settings: { "net.ipv4.conf.all.log_martians": "1" } },
    {
      type: "ssh-server",
      id: "ssh",
      settings: [
        ["Port", "22"],
        ["PermitRootLogin", "prohibit-password"],
        ["X11Forwarding", "no"],
        ["MaxAuthTries", "3"],
      ],
    },
    {
      type: "firewall",
      id: "firewall",
      openings: [{ port: 22, protocol: "tcp", from: "anywhere" }],
    },
  ];
  const UNDO = `dpkg --purge ed >/dev/null 2>&1; userdel -r shelly 2>/dev/null; groupdel shells 2>/dev/null
echo 0 >/proc/sys/net/ipv4/conf/all/log_martians; systemctl stop cron; nft delete table inet bootmachine 2>/dev/null
rm -f /etc/sudoers.d/30-shelly /etc/sysctl.d/62-lab.conf /etc/ssh/sshd_config.d/00-bootmachine.conf; true`;
  /** The wanted ones of which something has this status: the ids of a distro's parts begin with the whole's. */
  const withStatus = (reports: readonly ResourceReport[], wanted: string): readonly string[] =>
    WANTED.map((resource) => resourceId(resource)).filter((id) =>
      reports.some(
        (report) =>
          (report.id === id || report.id.startsWith(`${id} `)) && report.status === wanted,
      ),
    );

  beforeAll(async () => {
    await onServer(
      "debian12",
      "dpkg --purge nano >/dev/null 2>&1; apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y busybox mksh cron >/dev/null",
    );
  });
  afterAll(async () => {
    await onServer("debian12", "ln -sfn dash /bin/sh");
    await connect("debian12");
  });

  test.each(["dash", "busybox", "bash", "mksh"])("%s", async (shell) => {
    // bash as sh is in POSIX mode, busybox as sh is its shell.
    await onServer("debian12", `${UNDO}\nln -sfn "$(command -v ${shell})" /bin/sh`);
    await connect("debian12");
    expect(await onServer("debian12", "readlink -f /proc/$$/exe")).toContain(shell);
    const all = WANTED.map((resource) => resourceId(resource)).filter((id) => id !== "no package");
    const check = await run("debian12", "check", WANTED);
    expect(withStatus(check.report.resources, "differs")).toEqual(all);
    const { report } = await run("debian12", "apply", WANTED);
    expect(report.resources.filter(({ status }) => status === "failed")).toEqual([]);
    expect(withStatus(report.resources, "changed")).toEqual(all);
    for (const mode of ["apply", "check"] as const) {
      const again = await run("debian12", mode, WANTED);
      expect(again.report.resources.filter(({ status }) => status !== "ok")).toEqual([]);
    }
    expect(
      await onServer("debian12", "su shelly -s /bin/bash -c 'sudo -n id -un'; id -Gn shelly"),
    ).toBe("root\nshelly shells\n");
  });
});

describe("a user who plays tricks", () => {
  const keys: Resource = { type: "authorized-keys", user: "ada", keys: [KEY] };
  const ssh = "/home/ada/.ssh";

  test.each([
    [
      "a link in place of the file is replaced, and its target untouched",
      `rm -f ${ssh}/authorized_keys; ln -s /etc/shadow ${ssh}/authorized_keys`,
      "changed",
    ],
    [
      "a link in place of the directory is refused",
      `rm -rf ${ssh}; ln -s /root/.ssh ${ssh}`,
      "failed",
    ],
    [
      "a second name of one of root's files is replaced, not written",
      `rm -f ${ssh}/authorized_keys; ln /etc/shadow ${ssh}/authorized_keys || cp /etc/shadow ${ssh}/authorized_keys`,
      "changed",
    ],
    [
      "a pipe in place of the file is not waited for",
      `rm -f ${ssh}/authorized_keys; mkfifo ${ssh}/authorized_keys`,
      "failed",
    ],
    [
      "a directory in place of the file is refused",
      `rm -f ${ssh}/authorized_keys; mkdir ${ssh}/authorized_keys`,
      "failed",
    ],
  ])("%s", async (_, scene, status) => {
    const fingerprint =
      "sha256sum /etc/shadow /root/.ssh/authorized_keys; stat -c '%a %U' /etc/shadow /root/.ssh";
    const before = await onServer("debian12", fingerprint);
    await onServer("debian12", scene);
    const check = await run("debian12", "check", [keys]);
    const shown = JSON.stringify(check.report);
    // Fields of /etc/shadow.
    expect(shown).not.toMatch(/\$6\$|:99999:/);
    const { report } = await run("debian12", "apply", [keys]);
    expect(report.resources[0]?.status).toBe(status);
    expect(await onServer("debian12", fingerprint)).toBe(before);
    await onServer("debian12", `rm -rf ${ssh}`);
    await run("debian12", "apply", [keys]);
    expect(await onServer("debian12", `cat ${ssh}/authorized_keys`)).toBe(`${KEY}\n`);
  });
});

describe("sudo", () => {
  const rule = (line: string): Resource => ({ type: "sudo-rule", name: "20-lab", rules: [line] });

  test("a rule that visudo refuses is not put in place", async () => {
    const { report } = await run("debian12", "apply", [rule("ada ALL=(ALL NOPASSWD")]);
    expect(report.resources[0]?.status).toBe("failed");
    await onServer("debian12", "! test -e /etc/sudoers.d/20-lab && visudo -c");
  });

  test("a rule that is good alone, in a whole that is broken, takes nothing away", async () => {
    await run("debian12", "apply", [rule("Defaults lecture=never")]);
    await onServer(
      "debian12",
      "echo 'broken(' >/etc/sudoers.d/99-broken; chmod 440 /etc/sudoers.d/99-broken",
    );
    const { report } = await run("debian12", "apply", [rule("Defaults lecture=always")]);
    expect(report.resources[0]?.status).toBe("failed");
    expect(await onServer("debian12", "grep lecture /etc/sudoers.d/20-lab")).toBe(
      "Defaults lecture=never\n",
    );
    await onServer("debian12", "rm /etc/sudoers.d/99-broken /etc/sudoers.d/20-lab");
  });
});

test("no secret stands in a process's arguments or environment while it is set", async () => {
  const watch = async (work: () => Promise<unknown>): Promise<string> => {
    const watcher = `until test -e /root/stop; do
      grep -asl 'saltsalt[s]alt' /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
    done >/root/seen; rm /root/stop; echo done >>/root/seen`;
    await onServer(
      "debian13",
      `cat >/root/watcher <<'END'\n${watcher}\nEND\nnohup sh /root/watcher >/dev/null 2>&1 &`,
    );
    await work();
    await onServer(
      "debian13",
      "touch /root/stop; for n in $(seq 1 200); do test -e /root/stop || exit 0; sleep 0.1; done; exit 1",
    );
    return await onServer("debian13", "cat /root/seen");
  };
  // The watcher sees what there is to see.
  const leak = `sh -c 'sleep 1; : saltsalt''salt'`;
  expect(await watch(async () => await onServer("debian13", leak))).toMatch(/\/cmdline\n/);
  const quiet = await watch(async () => {
    for (let n = 0; n < 3; n += 1) {
      await onServer("debian13", "usermod -p '*' bob");
      await run("debian13", "apply", [{ type: "user", name: "bob", passwordHash: HASH }]);
    }
  });
  expect(quiet).toBe("done\n");
});
