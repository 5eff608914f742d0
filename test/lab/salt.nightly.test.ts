import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { buildSaltRepository } from "./salt/salt-repository.ts";
import { type ServedRepository, serveRepository } from "./apt/serve-repository.ts";
import { strangerMinion, writeStarterKit, writeStates } from "./salt/salt-tree.ts";
import { DRIFTING_ACCOUNTS, type DriftReport, expectMended } from "./baseline-drift.ts";
import { knownMembers } from "./known-members.ts";
import { type CommandResult, StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { outcomes } from "./tool-report.ts";

tested({
  what: "salt 3008",
  how: "real",
  on: ["Debian 12", "Debian 13"],
  note: "Salt from PyPI with upstream's units, settings and maintainer scripts, from an apt repository of our own",
});

const MASTER = { name: "boss", image: "debian-13", roles: [], size: "medium" };
const AGENTS = [
  { name: "lb1", image: "debian-12", size: "small", roles: ["loadbalancer", "web"] },
  { name: "app1", image: "debian-13", size: "small", roles: ["application", "web"] },
  { name: "db1", image: "debian-12", size: "small", roles: ["database"] },
];
const SERVERS = [MASTER, ...AGENTS];
const MASTER_KEYS = "/etc/salt/pki/master";

/** Downloads of some 70 MB, where the packages are not there yet. */
const BUILD_LIMIT_MS = 900_000;
const LIMIT = { timeout: 1_800_000 };

/** How Salt says that it has mended what drifted. */
const MENDED: DriftReport = {
  account: "bootmachine user grace_|-",
  membership: "bootmachine user grace_|-",
  group: "bootmachine group builders_|-",
  sudo: "bootmachine file /etc/sudoers.d/bootmachine-ada_|-",
  sshd: "bootmachine file /etc/ssh/sshd_config.d/00-bootmachine.conf_|-",
  "automatic upgrades": "bootmachine file /etc/apt/apt.conf.d/52bootmachine_|-",
  firewall: "bootmachine firewall live rules_|-",
  "kernel setting": "bootmachine sysctl network_|-",
  "kernel settings' file": "bootmachine file /etc/sysctl.d/60-bootmachine-network.conf_|-",
  "time zone": "bootmachine time zone_|-",
  locale: "bootmachine locale_|-",
  "host name": "bootmachine hostname_|-",
};

/** What Salt itself says that it has not found as it should be. */
function toolFindings(events: readonly FleetEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === "resource" &&
    event.tool === "salt" &&
    event.status !== "ok" &&
    event.status !== "skipped"
      ? [
          `${event.server}: ${event.id} ${event.status} ${[event.reason ?? [], event.output ?? []].flat().join(" ")}`,
        ]
      : [],
  );
}

/** Why the tool ran on a server, as it was told there. */
function whyItRan(events: readonly FleetEvent[], server: string): string | undefined {
  const prefix = "salt-call state.highstate: ";
  return steps(events, server)
    .find((text) => text.startsWith(prefix))
    ?.slice(prefix.length);
}

function steps(events: readonly FleetEvent[], server: string): readonly string[] {
  return events.flatMap((event) =>
    event.type === "step" && event.server === server ? [event.text] : [],
  );
}

/** The servers, one of them with other settings. */
function serversWith(name: string, settings: Record<string, unknown>): readonly object[] {
  return SERVERS.map((server) => (server.name === name ? { ...server, ...settings } : server));
}

describe("salt: a master and three minions, of Debian 12 and 13", () => {
  let repository: ServedRepository;
  let project: StackProject;

  async function up(...more: readonly string[]): Promise<CommandResult> {
    const result = await project.run("up", "--yes", "--json", ...more);
    expect(result.status, story(result)).toBe(0);
    return result;
  }

  async function onServer(server: string, script: string): Promise<string> {
    const { status, stdout } = await project.onServer(server, script);
    expect(status, `${server}: ${script}\n${stdout}`).toBe(0);
    return stdout.trim();
  }

  beforeAll(async () => {
    repository = await serveRepository(await buildSaltRepository());
    project = await StackProject.create("salt", SERVERS, {
      master: MASTER.name,
      ...DRIFTING_ACCOUNTS,
      firewall: [{ port: 80, from: "anywhere", roles: ["web"] }],
      // Upgrades have tests of their own.
      upgrades: { atBoot: "none" },
    });
    await writeFile(join(project.directory, "salt.asc"), repository.key);
    project.config = {
      ...project.config,
      configurator: { name: "salt", repository: { url: repository.url, key: "./salt.asc" } },
    };
    await project.bePatient();
    await writeStarterKit(project.directory);
    await mkdir(join(project.directory, "salt/states/ssl"));
    await writeFile(join(project.directory, "salt/states/ssl/site.key"), "a secret\n");
  }, BUILD_LIMIT_MS);
  afterAll(async () => {
    await project.remove();
    await repository.stop();
  });

  it(
    "brings all four from nothing to proved, and the kit's first run changes nothing",
    LIMIT,
    async () => {
      const { events } = await up();
      for (const { name } of SERVERS) {
        expect(outcomes(events, name)).toMatchObject({
          install: "changed",
          enroll: "changed",
          configure: "unchanged",
          verify: "unchanged",
        });
        const seen = events.filter(
          (event) => event.type === "resource" && event.server === name && event.tool === "salt",
        );
        expect(seen.length).toBeGreaterThan(20);
      }
      expect(toolFindings(events)).toEqual([]);
      const checks = events.flatMap((event) => (event.type === "check" ? [event.check] : []));
      expect(checks.map(({ id }) => id)).toContain("configurator-minion-connected");
      expect(checks.filter(({ status }) => status === "failed")).toEqual([]);
    },
  );

  it("finds everything in place the second time, and changes nothing", LIMIT, async () => {
    const second = await up();
    for (const { name } of SERVERS) {
      expect(Object.values(outcomes(second.events, name))).not.toContain("changed");
    }
    const forced = await up("--configure");
    expect(toolFindings(forced.events)).toEqual([]);
  });

  it("gives each minion its own data alone, its roles, and all members", LIMIT, async () => {
    for (const { name, roles } of AGENTS) {
      const said = await onServer(
        name,
        "salt-call --log-level=quiet --out=json pillar.items unmask=True; salt-call --log-level=quiet --out=json grains.get roles; salt-call --log-level=quiet --out=json grains.get bootmachine:members",
      );
      const [pillar, grain, members] = said
        .split(/^(?=\{)/m)
        .map((text) => (JSON.parse(text) as { readonly local: unknown }).local);
      expect(pillar).toMatchObject({ bootmachine: { server: name, roles } });
      expect(Object.keys(pillar as object)).toEqual(["bootmachine"]);
      expect(grain).toEqual(roles);
      const known = await knownMembers(project);
      expect(known).toHaveLength(SERVERS.length);
      expect(Object.keys(members as object).toSorted()).toEqual(
        known.map(({ server }) => server).toSorted(),
      );
      for (const { server, publicAddresses, privateAddresses } of known) {
        expect((members as Readonly<Record<string, unknown>>)[server]).toMatchObject({
          public_addresses: publicAddresses,
          private_addresses: privateAddresses,
        });
      }
    }
  });

  it("keeps keys and data to those who need them", LIMIT, async () => {
    const keys = await onServer(
      MASTER.name,
      "stat -L -c '%a %U %n' /etc/salt/pki/master/master.pem /etc/salt/pki/minion/minion.pem; stat -c '%a %U:%G %n' /etc/salt/bootmachine/hosts/lb1/bootmachine; stat -L -c '%a %U:%G %n' /srv/salt/ssl/site.key; stat -L -c '%U' /opt/saltstack/salt",
    );
    expect(keys.split("\n")).toEqual([
      "400 salt /etc/salt/pki/master/master.pem",
      "400 root /etc/salt/pki/minion/minion.pem",
      "640 root:salt /etc/salt/bootmachine/hosts/lb1/bootmachine",
      "640 root:salt /srv/salt/ssl/site.key",
      "root",
    ]);
    const settings = await onServer(
      MASTER.name,
      "salt-run --log-level=quiet --out=json config.get auto_accept; salt-run --log-level=quiet --out=json config.get open_mode",
    );
    expect(settings.split(/\s+/)).toEqual(["false", "false"]);
  });

  it("answers through the master, and by the daily commands", LIMIT, async () => {
    const ping = await onServer(MASTER.name, "salt --out=json --static --timeout=60 '*' test.ping");
    expect(JSON.parse(ping)).toEqual({ boss: true, lb1: true, app1: true, db1: true });
    const agents = await project.run("configurator", "agents", "--json");
    expect(agents.status, story(agents)).toBe(0);
    const list = JSON.parse(agents.stdout) as {
      readonly agents: readonly { readonly id: string; readonly fingerprint: string }[];
    };
    const own = await onServer("db1", "salt-call --local --log-level=quiet --out=json key.finger");
    expect(list.agents.find(({ id }) => id === "db1")?.fingerprint).toBe(
      (JSON.parse(own) as { readonly local: string }).local,
    );
    const restart = await project.run("configurator", "restart");
    expect(restart.status, story(restart)).toBe(0);
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
  });

  it("mends drift of the baseline by its own run", LIMIT, async () => {
    // One of each release.
    for (const server of ["db1", "app1"]) {
      await expectMended(project, server, MENDED, async () => {
        const broken = await project.run("verify", "--server", server);
        expect(broken.status, story(broken)).toBe(1);
        const run = await project.run("configurator", "run", "--json", server);
        expect(run.status, story(run)).toBe(0);
        return toolFindings(run.events);
      });
      const verify = await project.run("verify", "--server", server);
      expect(verify.status, story(verify)).toBe(0);
    }
  });

  it(
    "refuses strangers, and one who takes a member's name, and shows them all",
    LIMIT,
    async () => {
      const address = await onServer("lb1", "getent ahostsv4 boss | awk 'NR == 1 { print $1 }'");
      // A line of the list itself, if a key were a line there.
      const forged = `mallory & sons\naccepted ${"0".repeat(64)} db1`;
      const minions = ["mallory", forged, "db1"].map((id) => strangerMinion(id, address));
      for (const { start } of minions) await onServer("lb1", start);
      const wanted = ["mallory waiting", `${forged} waiting`, "db1 rejected"];
      let seen: readonly { readonly id: string; readonly state: string; fingerprint: string }[] =
        [];
      const shown = (): readonly string[] => seen.map(({ id, state }) => `${id} ${state}`);
      for (let tries = 0; tries < 60 && !wanted.every((one) => shown().includes(one)); tries += 1) {
        await sleep(2000);
        const agents = await project.run("configurator", "agents", "--json");
        ({ agents: seen } = JSON.parse(agents.stdout) as { readonly agents: typeof seen });
      }
      expect(shown()).toEqual(expect.arrayContaining([...wanted, "db1 accepted"]));
      expect(shown()).toHaveLength(SERVERS.length + wanted.length);
      // The real one is not disturbed.
      expect(await onServer("db1", "salt-call --log-level=quiet --out=json test.ping")).toContain(
        "true",
      );
      for (const { stop } of minions) await onServer("lb1", stop);
      const keyOf = (which: string): string =>
        seen.find(({ id, state }) => `${id} ${state}` === which)?.fingerprint ?? "";
      for (const words of [
        ["mallory"],
        ["--fingerprint", keyOf(`${forged} waiting`)],
        ["--fingerprint", keyOf("db1 rejected")],
      ]) {
        const done = await project.run("configurator", "revoke", "--yes", ...words);
        expect(done.status, story(done)).toBe(0);
        expect(done.stdout).toContain(": revoked.");
      }
      const after = await project.run("configurator", "agents");
      expect(after.status, story(after)).toBe(0);
      const again = await up();
      for (const { name } of SERVERS) {
        expect(outcomes(again.events, name)).toMatchObject({ enroll: "unchanged" });
      }
    },
  );

  it(
    "answers a minion no more whose key was revoked, until it is enrolled again",
    LIMIT,
    async () => {
      const asks = "salt-call --log-level=quiet --out=json test.ping";
      expect(await onServer("lb1", asks)).toContain("true");
      const revoked = await project.run("configurator", "revoke", "--yes", "lb1");
      expect(revoked.status, story(revoked)).toBe(0);
      const refused = await project.onServer("lb1", asks);
      expect(refused.status).not.toBe(0);
      expect(refused.stdout).not.toContain("true");
      // Nor is it asked: the daemon's own session has ended too.
      // The others log in again by themselves.
      await onServer(
        MASTER.name,
        "tries=0; until salt --out=json --static --timeout=10 db1 test.ping | grep -q true; do tries=$((tries + 1)); [ $tries -lt 20 ] || exit 1; done",
      );
      const ping = await project.onServer(
        MASTER.name,
        "salt --out=json --static --timeout=15 -L lb1,db1 test.ping",
      );
      expect(ping.stdout).toMatch(/"db1": true/);
      expect(ping.stdout).not.toMatch(/"lb1": true/);
      const accepted = await project.run("configurator", "accept", "--yes", "lb1");
      expect(accepted.status, story(accepted)).toBe(0);
      expect(await onServer("lb1", asks)).toContain("true");
    },
  );

  it("waits for a master that is being restarted", LIMIT, async () => {
    await onServer(
      MASTER.name,
      "systemctl stop salt-master && systemd-run --quiet --on-active=20 --timer-property=AccuracySec=1s systemctl start salt-master",
    );
    const run = await project.run("configurator", "run", "--json", "db1");
    expect(run.status, story(run)).toBe(0);
    expect(steps(run.events, "db1").join("\n")).toMatch(
      /the master does not answer at \S+, port 4506: trying again in 3 s/,
    );
  });

  it("runs states as the minion's daemon would: what has no mode can be read", LIMIT, async () => {
    await writeStates(
      project.directory,
      `/etc/salt-plain:
  file.managed:
    - contents: plain

mkdir /srv/salt-made && touch /srv/salt-made/one:
  cmd.run:
    - creates: /srv/salt-made
`,
    );
    await up("--server", "db1");
    const modes = "stat -c %a /etc/salt-plain /srv/salt-made /srv/salt-made/one";
    expect(await onServer("db1", modes)).toBe("644\n755\n644");
  });

  it("is not taken in by highstates that are disabled, or only tried", LIMIT, async () => {
    await up("--server", "db1");
    await onServer("db1", "salt-call --local --log-level=quiet state.disable highstate");
    const disabled = await project.run("configurator", "run", "--json", "db1");
    expect(disabled.status, story(disabled)).toBe(1);
    expect(disabled.stdout).toContain("Salt highstate run is disabled");
    await onServer("db1", "salt-call --local --log-level=quiet state.enable highstate");
    // As somebody has it who wants to see first what a highstate of his own would do.
    await onServer("db1", "echo 'test: true' >/etc/salt/minion.d/careful.conf");
    await writeStates(
      project.directory,
      "/etc/salt-real:\n  file.managed:\n    - contents: real\n",
    );
    await up("--server", "db1");
    expect(await onServer("db1", "rm /etc/salt/minion.d/careful.conf; cat /etc/salt-real")).toBe(
      "real",
    );
    // The others have this state of theirs, too, before the next test.
    await up();
  });

  it("waits for another state run", LIMIT, async () => {
    await up("--server", "db1");
    await onServer(
      "db1",
      "systemd-run --quiet salt-call state.single cmd.run 'sleep 25' && until grep -qs . /var/cache/salt/minion/proc/*; do sleep 0.2; done",
    );
    const run = await project.run("configurator", "run", "--json", "db1");
    expect(run.status, story(run)).toBe(0);
    expect(run.stdout).toContain("waiting for another state run");
    expect(steps(run.events, "db1").join("\n")).not.toContain("trying again");
  });

  it("tells an accepted key that is nobody's", LIMIT, async () => {
    await onServer(
      MASTER.name,
      "cp /etc/salt/pki/master/minions/db1 /etc/salt/pki/master/minions/intruder",
    );
    const verify = await project.run("verify", "--json");
    expect(verify.status).toBe(1);
    expect(verify.stdout).toContain('a key of \\"intruder\\" is accepted');
    const revoke = await project.run("configurator", "revoke", "--yes", "intruder");
    expect(revoke.status, story(revoke)).toBe(0);
  });

  it("mends a key that was exchanged on a minion, and one at the master", LIMIT, async () => {
    await onServer(
      "db1",
      "rm /etc/salt/pki/minion/minion.pem /etc/salt/pki/minion/minion_master.pub",
    );
    await onServer(
      MASTER.name,
      "cp /etc/salt/pki/master/minions/lb1 /etc/salt/pki/master/minions/app1",
    );
    const { events } = await up("--configure");
    expect(outcomes(events, "db1")).toMatchObject({ enroll: "changed" });
    expect(outcomes(events, "app1")).toMatchObject({ enroll: "changed" });
    expect(toolFindings(events)).toEqual([]);
  });

  it(
    "shows what failed in Salt's own words, and waits for a state run that is under way",
    LIMIT,
    async () => {
      await writeStates(
        project.directory,
        `"true":
  cmd.run: []

/nowhere/at/all:
  file.managed:
    - contents: x
`,
      );
      const failed = await project.run("up", "--yes", "--json", "--server", "db1");
      expect(failed.status, story(failed)).toBe(1);
      expect(toolFindings(failed.events)).toEqual([
        expect.stringContaining("cmd_|-true_|-true_|-run changed"),
        expect.stringMatching(/\/nowhere\/at\/all.* failed Parent directory not present/),
      ]);
      const verify = await project.run("verify", "--server", "db1");
      expect(verify.status).toBe(1);
      expect(verify.stdout).toContain("configurator-run-ended-well");
      await writeStates(
        project.directory,
        "/etc/salt-test:\n  file.managed:\n    - contents: here\n",
      );
      await onServer(
        "db1",
        "systemd-run --quiet salt-call state.single cmd.run name='sleep 25'; until salt-call --local --log-level=quiet --out=json saltutil.is_running 'state.*' | grep -q jid; do sleep 1; done",
      );
      const { stdout } = await up("--server", "db1");
      expect(stdout).toContain("waiting for another state run");
      expect(await onServer("db1", "cat /etc/salt-test")).toBe("here");
    },
  );

  it(
    "says that the data has changed where it has, and gives the new roles out",
    LIMIT,
    async () => {
      project.config = { ...project.config, servers: serversWith("db1", { roles: ["cache"] }) };
      await project.write();
      const { events } = await up();
      expect(whyItRan(events, "db1")).toBe("its data has changed since the last good run");
      const roles = await onServer(
        "db1",
        "salt-call --log-level=quiet --out=json grains.get roles",
      );
      expect(JSON.parse(roles)).toEqual({ local: ["cache"] });
      const own = await onServer(
        "db1",
        "salt-call --log-level=quiet --out=json pillar.get bootmachine:roles unmask=True",
      );
      expect(JSON.parse(own)).toEqual({ local: ["cache"] });
    },
  );

  it("reboots where a state asks for it, once", LIMIT, async () => {
    await writeStates(
      project.directory,
      `/etc/new-kernel:
  file.managed:
    - contents: here

touch /run/reboot-required:
  cmd.run:
    - onchanges:
      - file: /etc/new-kernel
`,
    );
    // When the first process has started.
    const since = "cut -d ' ' -f 22 /proc/1/stat";
    const before = await onServer("app1", since);
    const { events } = await up("--server", "app1");
    expect(steps(events, "app1")).toContain("reboot: salt asks for it");
    expect(await onServer("app1", since)).not.toBe(before);
    const forced = await up("--server", "app1", "--configure");
    expect(steps(forced.events, "app1").filter((text) => text.startsWith("reboot"))).toEqual([]);
  });

  it(
    "puts the trees into folders of the user's own, and the master serves them from there",
    LIMIT,
    async () => {
      await writeStates(
        project.directory,
        "/etc/salt-test:\n  file.managed:\n    - contents: moved\n",
      );
      project.config = {
        ...project.config,
        configurator: {
          ...(project.config["configurator"] as object),
          remoteStatesDir: "/srv/own/states",
          remotePillarsDir: "/srv/own/pillars",
        },
      };
      await project.write();
      const { events } = await up();
      expect(await onServer("lb1", "cat /etc/salt-test")).toBe("moved");
      // The new text of a file may be a secret.
      const file = events.find(
        (event) => event.type === "resource" && event.id.includes("/etc/salt-test"),
      );
      expect(file).toMatchObject({ status: "changed" });
      expect(JSON.stringify(file)).toContain("content changed");
      expect(JSON.stringify(file)).not.toContain("+moved");
      const roots = await onServer(
        MASTER.name,
        "salt-run --log-level=quiet --out=json config.get file_roots; stat -c '%a %U:%G' /srv/own/pillars/top.sls",
      );
      expect(roots).toContain("/srv/own/states");
      expect(roots.split("\n").at(-1)).toBe("640 root:salt");
    },
  );

  it(
    "takes the key of a destroyed server away, and of one that could not be made",
    LIMIT,
    async () => {
      const keyOfDb1 = `ls ${MASTER_KEYS}/*/db1 2>/dev/null || echo none`;
      const destroyed = await project.run("destroy", "--yes", "--server", "db1");
      expect(destroyed.status, story(destroyed)).toBe(0);
      expect(await onServer(MASTER.name, keyOfDb1)).toBe("none");
      // As if the machine had gone by itself: the master still trusts what is not there any more.
      await onServer(MASTER.name, `cp ${MASTER_KEYS}/minions/lb1 ${MASTER_KEYS}/minions/db1`);
      const image = join(project.directory, "no-archive.tar");
      await writeFile(image, "not a root file system");
      const servers = serversWith("db1", { image });
      project.config = { ...project.config, servers };
      await project.write();
      const failed = await project.run("up", "--yes", "--json");
      expect(failed.status, story(failed)).toBe(1);
      expect(outcomes(failed.events, "db1")).toEqual({ boot: "failed" });
      expect(await onServer(MASTER.name, keyOfDb1)).toBe("none");
    },
  );
});
