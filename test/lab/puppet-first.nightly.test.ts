import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { knock, profileBase, writeInTree, writeStarterKit } from "./puppet/puppet-tree.ts";
import { DRIFTING_ACCOUNTS, type DriftReport, expectMended } from "./baseline-drift.ts";
import { memberLines } from "./known-members.ts";
import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { enrolments, outcomes } from "./tool-report.ts";

tested({
  what: "puppet",
  how: "real",
  on: ["Debian 12", "Debian 13"],
  note: "the distro's packages: server 8 on Debian 13, agents 8 and 7",
});

const MASTER = "hub";
const SERVERS = [
  // The newer release: an agent of 7 works with a server of 8, and the other way round is not promised by anybody.
  // The smallest size that the default heap fits into.
  { name: MASTER, image: "debian-13", roles: ["puppet"], size: "large" },
  { name: "web1", image: "debian-12", roles: ["web", "load-balancer"] },
  { name: "web2", image: "debian-13", roles: ["web"] },
  { name: "db1", image: "debian-12", roles: [] },
];

/** Where the environments lie in one of the tests; the folder above it is not there either. */
const ENVIRONMENTS = "/srv/puppet/environments";

/** Puppet Server alone takes minutes to start where others work on the same computer. */
const LIMIT = { timeout: 1_800_000 };

const CONFIGURATOR = { name: "puppet", packages: "distro", tree: "./puppet" };

/** How the agent says that it has mended what drifted. */
const MENDED: DriftReport = {
  account: "User[grace]",
  membership: "User[grace]",
  group: "Group[builders]",
  sudo: "File[/etc/sudoers.d/bootmachine-ada]",
  sshd: "File[/etc/ssh/sshd_config.d/00-bootmachine.conf]",
  "automatic upgrades": "File[/etc/apt/apt.conf.d/52bootmachine]",
  firewall: "Exec[firewall live rules]",
  "kernel setting": "Exec[sysctl network]",
  "kernel settings' file": "File[/etc/sysctl.d/60-bootmachine-network.conf]",
  "time zone": "File[/etc/localtime]",
  locale: "Exec[locale]",
  "host name": "Exec[host name of the running system]",
};

/** Where the master's authority lies. */
const AUTHORITY = "/etc/puppet/puppetserver/ca";

/** Shell text that holds a certificate against the authority and what it has revoked. */
const IS_GOOD = `openssl verify -CAfile ${AUTHORITY}/ca_crt.pem -CRLfile ${AUTHORITY}/ca_crl.pem -crl_check`;

/** When the first process has started; another one after a reboot. */
const STARTED = "cut -d ' ' -f 22 /proc/1/stat";

/** What the agent itself says that it has changed, or looked at. */
function reported(
  events: readonly FleetEvent[],
  server: string,
  status: string,
): readonly string[] {
  return events.flatMap((event) =>
    event.type === "resource" &&
    event.server === server &&
    event.tool === "puppet" &&
    event.status === status
      ? [event.id]
      : [],
  );
}

describe("puppet from Debian's packages, one master and three agents of Debian 12 and 13", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create("puppet", SERVERS, {
      master: MASTER,
      ...DRIFTING_ACCOUNTS,
      firewall: [{ port: 80, from: "anywhere", roles: ["web"] }],
      configurator: CONFIGURATOR,
      upgrades: { atBoot: "none" },
    });
    await project.bePatient();
    await writeStarterKit(project.directory);
  });
  afterAll(async () => {
    await project.remove();
  });

  async function use(settings: Record<string, unknown>): Promise<void> {
    project.config = { ...project.config, ...settings };
    await project.write();
  }

  /** The machine goes, and the master is not told: as if it had gone by itself. */
  async function loseMachine(server: string): Promise<void> {
    const { config } = project;
    const { configurator: _, master: __, ...bare } = config;
    project.config = bare;
    await project.write();
    const gone = await project.run("destroy", "--yes", "--server", server);
    expect(gone.status, story(gone)).toBe(0);
    await use(config);
  }

  it(
    "goes from nothing to proved, and the starter kit's first run changes nothing",
    LIMIT,
    async () => {
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      for (const { name } of SERVERS) {
        expect(outcomes(up.events, name)).toMatchObject({
          secure: "changed",
          install: "changed",
          enroll: "changed",
          verify: "unchanged",
        });
        expect(reported(up.events, name, "changed"), name).toEqual([]);
        // It looked at all of the baseline in that run.
        const looked = reported(up.events, name, "ok");
        expect(looked).toContain("User[grace]");
        expect(looked).toContain("File[/etc/ssh/sshd_config.d/00-bootmachine.conf]");
        expect(looked).toContain("Exec[firewall live rules]");
        expect(looked.length).toBeGreaterThan(20);
      }
      // Puppet Server is long in starting, and the others wait for it: none of them waits for the agent's run there as well.
      const { begun, heldUp } = enrolments(up.events, MASTER);
      expect(begun).not.toEqual([]);
      expect(heldUp).toEqual([]);
    },
  );

  it(
    "has the agents verified by names and signed by the requests that were read",
    LIMIT,
    async () => {
      const list = await project.run("configurator", "agents", "--json");
      expect(list.status, story(list)).toBe(0);
      const { agents } = JSON.parse(list.stdout) as {
        readonly agents: readonly { readonly id: string; readonly state: string }[];
      };
      expect(agents.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual(
        SERVERS.map(({ name }) => `${name} accepted`).toSorted(),
      );
      const { stdout } = await project.onServer(
        "web1",
        "cat /etc/puppet/puppet.conf; sha256sum </var/lib/puppet/ssl/certs/ca.pem; systemctl is-active puppet; facter -p bootmachine.roles 2>/dev/null || puppet facts show bootmachine.roles",
      );
      expect(stdout).toContain("server = hub");
      expect(stdout).toContain("active");
      expect(stdout).toContain("load-balancer");
      const authority = await project.onServer(
        MASTER,
        "sha256sum </etc/puppet/puppetserver/ca/ca_crt.pem",
      );
      expect(stdout).toContain(authority.stdout.trim());
      const conf = await project.onServer(MASTER, "puppet config print autosign --section server");
      expect(conf.stdout.trim()).toBe("false");
    },
  );

  it("gives the master a heap by its size, in which nothing is killed", LIMIT, async () => {
    const { stdout } = await project.onServer(
      MASTER,
      "tr '\\0' '\\n' </proc/$(systemctl show --property MainPID --value puppetserver)/cmdline | grep -e '^-Xmx'; cd /sys/fs/cgroup; awk '$1 == \"oom_kill\" { print }' $(ls memory/memory.oom_control memory.events 2>/dev/null)",
    );
    expect(stdout).toBe("-Xmx512m\noom_kill 0\n");
  });

  it("does nothing the second time", LIMIT, async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    for (const { name } of SERVERS) {
      expect(Object.values(outcomes(up.events, name)), name).not.toContain("changed");
    }
  });

  it(
    "has the data of a server that was revoked and is accepted again at once, and the next up runs its agent",
    LIMIT,
    async () => {
      for (const words of [
        ["revoke", "--yes", "db1"],
        ["accept", "db1"],
      ]) {
        const done = await project.run("configurator", ...words);
        expect(done.status, story(done)).toBe(0);
      }
      const own = await project.onServer(
        "db1",
        "puppet agent --test --noop --no-daemonize --color=false --waitforcert 0 2>&1; echo status $?",
      );
      expect(own.stdout).toMatch(/Applied catalog.*\nstatus 0\n$/u);
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      const ran = up.events.flatMap((event) =>
        event.type === "resource" && event.tool === "puppet" ? [event.server] : [],
      );
      expect([...new Set(ran)]).toEqual(["db1"]);
    },
  );

  it(
    "signs for nobody who knocks at the master's port, not even under a member's name",
    LIMIT,
    async () => {
      expect((await project.onServer("db1", knock("stranger", MASTER))).status).toBe(0);
      const shown = await project.run("configurator", "agents");
      expect(shown.stdout).toMatch(/stranger.*waiting|waiting.*stranger/);
      // db1 is a member whose certificate is taken away; somebody else asks under its name before it does.
      const revoke = await project.run("configurator", "revoke", "--yes", "db1");
      expect(revoke.status, story(revoke)).toBe(0);
      // It still has its key and the certificate that was good a moment ago: the master takes neither.
      const refused = await project.onServer(
        "db1",
        "puppet agent --test --no-daemonize --color=false --waitforcert 0 2>&1; echo status $?",
      );
      // Java does not say why: it takes a revoked certificate for one that it does not know.
      expect(refused.stdout).toMatch(/alert certificate (unknown|revoked)/i);
      expect(refused.stdout).toContain("status 1");
      expect(refused.stdout).not.toContain("Applied catalog");
      expect((await project.onServer("web2", knock("db1", MASTER))).status).toBe(0);
      const stolen = await project.onServer(
        "web2",
        "openssl pkey -in /tmp/stranger-db1/ssl/private_keys/db1.pem -pubout | sha256sum",
      );
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      const key = "openssl x509 -in FILE -noout -pubkey | sha256sum";
      const signed = await project.onServer(
        MASTER,
        `cd /etc/puppet/puppetserver/ca; ls requests; ${key.replace("FILE", "signed/db1.pem")}`,
      );
      const own = await project.onServer(
        "db1",
        key.replace("FILE", "/var/lib/puppet/ssl/certs/db1.pem"),
      );
      expect(signed.stdout).toContain(own.stdout.trim());
      expect(stolen.stdout).toMatch(/^[0-9a-f]{64} /);
      expect(signed.stdout).not.toContain(stolen.stdout.trim());
      expect(signed.stdout).toContain("stranger.pem");
      expect(signed.stdout).not.toMatch(/^db1\.pem$/m);
      await project.run("configurator", "revoke", "--yes", "stranger");
    },
  );

  it("applies classes by role, with members as facts and data by role", LIMIT, async () => {
    await writeInTree(
      project.directory,
      "site-modules/role/manifests/load_balancer.pp",
      `class role::load_balancer (String $motto) {
  $lines = $facts['bootmachine']['members'].map |$member| {
    $public = join($member['public_addresses'], ',')
    $private = join($member['private_addresses'], ',')
    "\${member['server']} public \${public} private \${private}\\n"
  }
  file { '/etc/balanced': content => "\${motto}\\n\${join($lines)}" }
}
`,
    );
    await writeInTree(
      project.directory,
      "data/roles/load-balancer.yaml",
      "---\nrole::load_balancer::motto: evenly\n",
    );
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(reported(up.events, "web1", "changed")).toEqual(["File[/etc/balanced]"]);
    expect(reported(up.events, "web2", "changed")).toEqual([]);
    const { stdout } = await project.onServer("web1", "cat /etc/balanced");
    expect(stdout).toBe(`evenly\n${await memberLines(project)}`);
  });

  it("puts back what somebody has changed in the baseline, and says so", LIMIT, async () => {
    // One of each release.
    for (const server of ["web1", "web2"]) {
      await expectMended(project, server, MENDED, async () => {
        const run = await project.run("configurator", "run", "--server", server, "--json");
        expect(run.status, story(run)).toBe(0);
        return reported(run.events, server, "changed");
      });
      const up = await project.run("up", "--yes", "--json", "--server", server);
      expect(up.status, story(up)).toBe(0);
      expect(Object.values(outcomes(up.events, server))).not.toContain("changed");
    }
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
  });

  it(
    "gives the master's own words where the tree is wrong, and is well again when it is mended",
    LIMIT,
    async () => {
      const path = "site-modules/profile/manifests/base.pp";
      const good = await readFile(join(project.directory, "puppet", path), "utf8");
      await writeInTree(project.directory, path, profileBase("  include profile::nowhere"));
      const up = await project.run("up", "--yes");
      expect(up.status).toBe(1);
      expect(up.stdout + up.stderr).toContain("Could not find class ::profile::nowhere");
      await writeInTree(project.directory, path, good);
      const again = await project.run("up", "--yes", "--json");
      expect(again.status, story(again)).toBe(0);
    },
  );

  it(
    "tries again while the master does not answer, and reboots where a changed thing has the tag",
    LIMIT,
    async () => {
      await writeInTree(
        project.directory,
        "site-modules/role/manifests/load_balancer.pp",
        `class role::load_balancer (String $motto) {
  file { '/etc/new-kernel': content => $motto, tag => 'bootmachine_reboot' }
}
`,
      );
      const began = await project.onServer("web1", STARTED);
      const shut = await project.onServer(
        MASTER,
        "nft 'table inet shut { chain in { type filter hook input priority -300; tcp dport 8140 reject with tcp reset; }; }'",
      );
      expect(shut.status).toBe(0);
      let started: Promise<unknown> | undefined;
      const { result } = project.start(["configurator", "run", "--server", "web1", "--json"], {
        onEvent: (event) => {
          if (event.type !== "step" || !event.text.includes("trying again")) return;
          started ??= project.onServer(MASTER, "nft delete table inet shut");
        },
      });
      const run = await result;
      await started;
      expect(started, story(run)).toBeDefined();
      expect(run.status, story(run)).toBe(0);
      expect(reported(run.events, "web1", "changed")).toEqual(["File[/etc/new-kernel]"]);
      expect(run.events).toContainEqual(
        expect.objectContaining({
          type: "step",
          server: "web1",
          text: "reboot: puppet asks for it",
        }),
      );
      const now = await project.onServer("web1", STARTED);
      expect(now.stdout).not.toBe(began.stdout);
    },
  );

  it(
    "runs on demand alone, in an environment of another name and place, with settings of the user's own",
    LIMIT,
    async () => {
      await use({
        configurator: {
          ...CONFIGURATOR,
          agent: "on-demand",
          environment: "staging",
          remoteDir: ENVIRONMENTS,
          settings: { agent: { http_user_agent: "shop" } },
        },
      });
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      const { stdout } = await project.onServer(
        "db1",
        "systemctl is-enabled puppet; systemctl is-active puppet; puppet config print --section agent environment; puppet config print --section agent http_user_agent",
      );
      expect(stdout).toBe("disabled\ninactive\nstaging\nshop\n");
      const environments = await project.onServer(
        MASTER,
        `ls -d ${ENVIRONMENTS}/staging/manifests && ! ls -d /etc/puppet/code/environments/staging`,
      );
      expect(environments.status).toBe(0);
      const run = await project.run("configurator", "run", "--server", "db1", "--json");
      expect(run.status, story(run)).toBe(0);
      expect(reported(run.events, "db1", "ok").length).toBeGreaterThan(20);
      const again = await project.run("up", "--yes", "--json");
      for (const { name } of SERVERS) {
        expect(Object.values(outcomes(again.events, name)), name).not.toContain("changed");
      }
    },
  );

  it(
    "takes in a server whose machine before has its certificate still: that one is revoked, and the new one's own is signed",
    LIMIT,
    async () => {
      await loseMachine("db1");
      const kept = await project.onServer(
        MASTER,
        `cp ${AUTHORITY}/signed/db1.pem /root/before.pem && ${IS_GOOD} /root/before.pem`,
      );
      expect(kept.stdout).toBe("/root/before.pem: OK\n");
      const up = await project.run("up", "--yes", "--json", "--server", "db1");
      expect(up.status, story(up)).toBe(0);
      expect(outcomes(up.events, "db1")).toMatchObject({ boot: "changed", enroll: "changed" });
      const before = await project.onServer(MASTER, `${IS_GOOD} /root/before.pem 2>&1`);
      expect(before.stdout).toContain("certificate revoked");
      const signed = await project.onServer(MASTER, `cat ${AUTHORITY}/signed/db1.pem`);
      const own = await project.onServer("db1", "cat /var/lib/puppet/ssl/certs/db1.pem");
      expect(signed.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
      expect(own.stdout).toBe(signed.stdout);
      const verify = await project.run("verify", "--server", "db1");
      expect(verify.status, story(verify)).toBe(0);
    },
  );

  it(
    "makes the authority anew where its making was cut off, and takes everybody in again",
    LIMIT,
    async () => {
      const old = await project.onServer(MASTER, `cat ${AUTHORITY}/ca_crt.pem`);
      // As the power goes while the authority is made: Puppet Server has not been started then.
      const cut = await project.onServer(
        MASTER,
        `systemctl disable --quiet --now puppetserver && : >${AUTHORITY}.begun && rm -rf ${AUTHORITY} /var/lib/puppet/ssl/certs /var/lib/puppet/ssl/private_keys /var/lib/puppet/ssl/public_keys || exit 1
timeout --signal=KILL 3 puppetserver ca setup --certname ${MASTER} --subject-alt-names ${MASTER} >/dev/null 2>&1
echo "ended with $?"; ls ${AUTHORITY}`,
      );
      expect(cut.stdout).toMatch(/^ended with \d+\n/);
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      for (const { name } of SERVERS) {
        expect(outcomes(up.events, name), name).toMatchObject({ enroll: "changed" });
      }
      const now = await project.onServer(
        MASTER,
        `cat ${AUTHORITY}/ca_crt.pem; ls -d ${AUTHORITY}.begun 2>&1`,
      );
      expect(now.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
      expect(now.stdout).toContain("No such file");
      expect(now.stdout).not.toContain(old.stdout);
      const again = await project.run("up", "--yes", "--json");
      expect(again.status, story(again)).toBe(0);
      for (const { name } of SERVERS) {
        expect(Object.values(outcomes(again.events, name)), name).not.toContain("changed");
      }
      const verify = await project.run("verify");
      expect(verify.status, story(verify)).toBe(0);
    },
  );

  it(
    "revokes the certificate of a destroyed server, and of one that could not be made",
    LIMIT,
    async () => {
      const destroyed = await project.run("destroy", "--yes", "--server", "web2");
      expect(destroyed.status, story(destroyed)).toBe(0);
      const left = `cd ${AUTHORITY}; ls signed requests`;
      expect((await project.onServer(MASTER, left)).stdout).not.toContain("web2.pem");
      await loseMachine("db1");
      expect((await project.onServer(MASTER, left)).stdout).toContain("db1.pem");
      const image = join(project.directory, "no-archive.tar");
      await writeFile(image, "not a root file system");
      await use({
        servers: SERVERS.map((server) => (server.name === "db1" ? { ...server, image } : server)),
      });
      const failed = await project.run("up", "--yes", "--json", "--server", "db1");
      expect(failed.status, story(failed)).toBe(1);
      expect(outcomes(failed.events, "db1")).toEqual({ boot: "failed" });
      expect((await project.onServer(MASTER, left)).stdout).not.toContain("db1.pem");
    },
  );
});
