import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { CheckResult } from "../../src/proof/check.ts";
import type { ProofJson } from "../../src/report/proof-json.ts";
import { type CommandResult, StackProject, story } from "./stack-project.ts";

/** The newest and the oldest release: the ends of what sshd, nft and systemd differ in. */
const SERVERS = [
  { name: "new1", image: "debian-13", roles: ["application"] },
  { name: "old1", image: "debian-11", roles: ["application"] },
];

interface Drift {
  readonly name: string;
  /** Run as root on both servers. */
  readonly apply: string;
  /** The checks that fail, no more and no fewer, each with what its diff must show. */
  readonly fails: Readonly<Record<string, RegExp>>;
  readonly mend: string;
  /** `up` puts back what is declared; what nobody declared is for people to remove. */
  readonly mendsByUp?: boolean;
}

/** The socket is kept in a list, since systemd-run would read a "$" as its own. */
const LISTEN =
  "systemd-run -q --unit=drift-listener perl -MIO::Socket::INET -e 'push @ARGV, IO::Socket::INET->new(LocalPort => 8080, Listen => 5); sleep 600' && sleep 1";

/** In rounds, because each look takes seconds: within a round no two drifts touch the same check. */
const ROUNDS: readonly (readonly Drift[])[] = [
  [
    {
      name: "a listener and a hole in the firewall",
      apply: `${LISTEN}; nft insert rule inet bootmachine input tcp dport 8080 accept`,
      fails: {
        "ports-only-declared-ipv4": /\+ tcp 8080 open on /u,
        // Nobody listens on IPv6, where the hole is too.
        "ports-undeclared-silent": /\+ tcp 8080 refused on fd/u,
        "firewall-rules": /\+.*tcp dport 8080 accept/u,
        "listeners-declared": /\+ tcp 0\.0\.0\.0:8080 perl/u,
      },
      mend: "systemctl stop drift-listener",
      mendsByUp: true,
    },
    {
      name: "one more key of a user",
      apply:
        "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEviL eve' >>/home/ada/.ssh/authorized_keys",
      fails: { "users-keys": /\+ *ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEviL eve/u },
      mend: "true",
      mendsByUp: true,
    },
    {
      name: "a sudo rule without a password",
      apply: "echo 'eve ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/eve; chmod 440 /etc/sudoers.d/eve",
      fails: { "sudo-no-other-rules": /\+ \/etc\/sudoers\.d\/eve: eve ALL=\(ALL\) NOPASSWD:ALL/u },
      mend: "rm /etc/sudoers.d/eve",
    },
    {
      name: "a timer of the updater that was stopped",
      apply: "systemctl stop apt-daily-upgrade.timer",
      fails: { "automatic-upgrades": /automatic upgrades timers/u },
      mend: "true",
      mendsByUp: true,
    },
    {
      name: "a second root",
      apply: "useradd -o -u 0 toor",
      fails: { "accounts-root-only-uid-0": /\+ toor has uid 0/u },
      mend: "sed -i '/^toor:/d' /etc/passwd /etc/shadow",
    },
    {
      name: "a failed unit",
      apply: "systemd-run -q --unit=drift-failure false; sleep 1",
      fails: { "units-none-failed": /\+ drift-failure\.service has failed/u },
      mend: "systemctl reset-failed drift-failure.service",
    },
  ],
  [
    {
      name: "a listener behind the firewall",
      apply: LISTEN,
      fails: { "listeners-declared": /\+ tcp 0\.0\.0\.0:8080 perl/u },
      mend: "systemctl stop drift-listener",
    },
    {
      name: "a hole without a listener",
      apply: "nft insert rule inet bootmachine input tcp dport 9090 accept",
      fails: {
        "firewall-rules": /\+.*tcp dport 9090 accept/u,
        "ports-undeclared-silent": /\+ tcp 9090 refused on /u,
      },
      mend: "true",
      mendsByUp: true,
    },
    {
      name: "another firewall table",
      apply: "nft add table ip elsewhere",
      fails: { "firewall-foreign-tables": /\+ table ip elsewhere/u },
      mend: "nft delete table ip elsewhere",
    },
    {
      name: "keys in the second file that sshd reads",
      apply:
        "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEviL eve' >/home/ada/.ssh/authorized_keys2",
      fails: { "users-keys": /\+ \/home\/ada\/\.ssh\/authorized_keys2/u },
      mend: "rm /home/ada/.ssh/authorized_keys2",
    },
    {
      name: "a key of root",
      apply:
        "install -d -m 700 /root/.ssh; echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEviL eve' >/root/.ssh/authorized_keys",
      fails: { "root-keys-absent": /\+ eve/u },
      mend: "rm -f /root/.ssh/authorized_keys",
    },
    {
      name: "a Match block",
      apply:
        "printf 'Match Address 10.0.0.0/8\\n  PermitRootLogin yes\\n' >/etc/ssh/sshd_config.d/99-drift.conf; systemctl reload ssh; sleep 1",
      fails: { "sshd-match-blocks": /\+ \/etc\/ssh\/sshd_config\.d\/99-drift\.conf:1:Match/u },
      mend: "rm /etc/ssh/sshd_config.d/99-drift.conf; systemctl reload ssh; sleep 1",
      mendsByUp: true,
    },
    {
      name: "an account with an empty password",
      apply: "useradd eve; passwd -d eve >/dev/null; usermod -s /usr/sbin/nologin eve",
      fails: { "accounts-no-empty-password": /\+ eve has an empty password in \/etc\/shadow/u },
      mend: "userdel eve",
    },
  ],
  [
    {
      name: "sshd takes passwords",
      apply:
        "sed -i 's/PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config.d/00-bootmachine.conf; systemctl reload ssh; sleep 1",
      fails: {
        "sshd-settings": /\+PasswordAuthentication yes/u,
        "ssh-password-refused": /\+ password/u,
      },
      mend: "true",
      mendsByUp: true,
    },
  ],
];

function checksOf(result: CommandResult, server: string): readonly CheckResult[] {
  return result.events.flatMap((event) =>
    event.type === "check" && event.server === server ? [event.check] : [],
  );
}

function failedIds(result: CommandResult, server: string): readonly string[] {
  return checksOf(result, server)
    .filter(({ status }) => status === "failed")
    .map(({ id }) => id)
    .sort();
}

function expectFailures(verify: CommandResult, server: string, fails: Drift["fails"]): void {
  const failed = checksOf(verify, server).filter(({ status }) => status === "failed");
  const seen = failed
    .map(({ id, detail, diff }) => [`${id}: ${detail}`, ...(diff ?? [])].join("\n"))
    .join("\n");
  expect(failedIds(verify, server), `${server}\n${seen}\n${verify.stderr}`).toEqual(
    Object.keys(fails).sort(),
  );
  for (const { id, detail, diff } of failed) {
    expect([detail, ...(diff ?? [])].join("\n")).toMatch(fails[id] ?? /$^/u);
  }
}

describe("the proof", () => {
  let project: StackProject;

  async function onAll(script: string): Promise<void> {
    await Promise.all(
      SERVERS.map(async ({ name }) => {
        const { status, stdout } = await project.onServer(name, script);
        expect(status, `${name}: ${script}\n${stdout}`).toBe(0);
      }),
    );
  }

  beforeAll(async () => {
    project = await StackProject.create("proof", SERVERS);
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
  });
  afterAll(async () => project.remove());

  it("finds nothing on servers that were just secured", async () => {
    const verify = await project.run("verify", "--json");
    expect(verify.status, story(verify)).toBe(0);
    for (const { name } of SERVERS) {
      expect(failedIds(verify, name), name).toEqual([]);
      const passed = checksOf(verify, name).filter(({ status }) => status === "passed");
      expect(passed.length).toBeGreaterThan(30);
    }
  });

  it.each(ROUNDS.map((drifts) => ({ names: drifts.map(({ name }) => name).join("; "), drifts })))(
    "finds $names; and nothing else",
    async ({ drifts }) => {
      const fails: Drift["fails"] = Object.fromEntries(
        drifts.flatMap((drift) => Object.entries(drift.fails)),
      );
      try {
        await onAll(drifts.map(({ apply }) => apply).join("\n"));
        const verify = await project.run("verify", "--json");
        for (const { name } of SERVERS) expectFailures(verify, name, fails);
        const isError = SERVERS.some(({ name }) =>
          checksOf(verify, name).some(
            ({ status, severity }) => status === "failed" && severity === "error",
          ),
        );
        expect(verify.status).toBe(isError ? 1 : 0);
      } finally {
        // Also after a failure: the next round is looked at by itself.
        await onAll(drifts.map(({ mend }) => mend).join("\n"));
        if (drifts.some(({ mendsByUp }) => mendsByUp === true))
          await project.run("up", "--yes", "--json");
      }
      // What a round has left behind is found by the next one, which has to find its own alone.
      if (drifts !== ROUNDS.at(-1)) return;
      const after = await project.run("verify", "--json");
      expect(after.status, story(after)).toBe(0);
      for (const { name } of SERVERS) expect(failedIds(after, name), name).toEqual([]);
    },
  );

  it("fails for Match blocks that are read before ours, which are in the plan, and which `up` mends", async () => {
    const blocks = {
      new1: "Match User ada\n  PasswordAuthentication yes\n",
      old1: "Match Address 10.0.0.0/8\n  PermitRootLogin yes\n  PasswordAuthentication yes\n  GatewayPorts yes\n  LogLevel QUIET\nMatch User nobody\n  ForceCommand /bin/false\n",
    } as const;
    const file = "/etc/ssh/sshd_config.d/00-aaa.conf";
    for (const name of ["new1", "old1"] as const) {
      const put = `printf '${blocks[name].replaceAll("\n", "\\n")}' >${file} && systemctl reload ssh && sleep 1`;
      expect((await project.onServer(name, put)).status).toBe(0);
    }
    const verify = await project.run("verify", "--json");
    expect(verify.status, story(verify)).toBe(1);
    expect(failedIds(verify, "new1")).toContain("sshd-settings");
    expect(failedIds(verify, "old1")).toContain("sshd-settings");
    const plan = await project.run("plan");
    expect(plan.stdout, story(plan)).toContain(
      `${file}:2: PasswordAuthentication yes (in "Match User ada"`,
    );
    expect(plan.stdout).toContain(`${file}:5: LogLevel QUIET (in "Match Address 10.0.0.0/8"`);
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const after = await project.run("verify", "--json");
    expect(after.status, story(after)).toBe(0);
    for (const { name } of SERVERS) {
      expect(failedIds(after, name), name).not.toContain("sshd-settings");
      const kept = await project.onServer(name, `cat /var/lib/bootmachine/originals/00-aaa.conf`);
      expect(kept.stdout).toContain("\n  PasswordAuthentication yes\n");
    }
    // Whom a block confines is not let out.
    expect((await project.onServer("old1", `cat ${file}`)).stdout).toContain(
      "\nMatch User nobody\n  ForceCommand /bin/false\n",
    );
    await onAll(`rm ${file}; systemctl reload ssh; sleep 1`);
  });

  it("is asked for again by `up` until it has passed, also where nothing is to change", async () => {
    const name = "new1";
    const looksFromOutside = (result: CommandResult): boolean =>
      checksOf(result, name).some(({ id }) => id === "ssh-old-port-closed");
    const settled = await project.run("up", "--server", name, "--yes", "--json");
    expect(settled.status, story(settled)).toBe(0);
    const idle = await project.run("up", "--server", name, "--yes", "--json");
    expect(idle.status, story(idle)).toBe(0);
    expect(looksFromOutside(idle)).toBe(false);
    // Seen from outside alone, and put back by nobody: port 22 leads to sshd.
    await project.onServer(
      name,
      "nft 'add table ip elsewhere; add chain ip elsewhere in { type nat hook prerouting priority -100; }; add rule ip elsewhere in tcp dport 22 redirect to :2849'",
    );
    try {
      const verify = await project.run("verify", "--server", name, "--json");
      expect(verify.status, story(verify)).toBe(1);
      for (const _ of ["first", "second"]) {
        const up = await project.run("up", "--server", name, "--yes", "--json");
        expect(up.status, story(up)).toBe(1);
        expect(failedIds(up, name)).toContain("ssh-old-port-closed");
        expect(up.events.at(-1)).toMatchObject({ servers: [{ changes: 0 }] });
        // It has not mended it, and does not say that it would.
        const said = up.events.find((event) => event.type === "error");
        expect(said?.error.code).toBe("CHECK_FAILED");
        expect(said?.error.hint).toMatch(/^`bootmachine verify -s new1` shows/u);
      }
    } finally {
      await project.onServer(name, "nft delete table ip elsewhere");
    }
    const mended = await project.run("up", "--server", name, "--yes", "--json");
    expect(mended.status, story(mended)).toBe(0);
    expect(looksFromOutside(mended)).toBe(true);
  });

  it("is no proof where nobody gets in, and says what is seen from outside", async () => {
    const [well, hung] = ["new1", "old1"] as const;
    // The answer comes over what is being stopped.
    await project.onServer(hung, "systemctl stop ssh.socket ssh");
    const { config } = project;
    project.config = { ...config, ssh: { ...(config["ssh"] as object), readyTimeoutSeconds: 10 } };
    await project.write();
    const verify = await project.run("verify", "--format", "json");
    project.config = config;
    await project.write();
    expect(verify.status, story(verify)).toBe(1);
    const proof = JSON.parse(verify.stdout) as ProofJson;
    expect(proof.ok).toBe(false);
    const of = (name: string): ProofJson["servers"][number] | undefined =>
      proof.servers.find(({ server }) => server === name);
    expect(of(well)).toMatchObject({ ok: true, totals: { failed: 0, errors: 0 } });
    expect(of(hung)).toMatchObject({
      ok: false,
      totals: { passed: 0, errors: 1 },
      error: { code: "TIMEOUT" },
    });
    const failed = of(hung)?.checks.filter(({ status }) => status === "failed") ?? [];
    expect(failed.map(({ id }) => id)).toEqual(["ssh-answers", "operator-login"]);
    expect(failed[0]?.detail).toContain("Connection refused");
    // Every check has a place in it, also those that could not be seen.
    expect(of(hung)?.checks.length).toBeGreaterThan(40);

    // What hangs is reset by the provider, and proved to have started anew by what it says itself.
    const reset = await project.run("reboot", hung, "--hard", "--yes", "--json");
    expect(reset.status, story(reset)).toBe(0);
    const after = await project.run("verify", "--server", hung, "--json");
    expect(after.status, story(after)).toBe(0);
  });

  it("comes in a format that other tools read", async () => {
    const junit = await project.run("verify", "--format", "junit");
    expect(junit.status, story(junit)).toBe(0);
    expect(junit.stdout).toMatch(/^<\?xml[^]*<testsuite name="proof-[^]*<\/testsuites>\s*$/u);
    expect(junit.stdout).not.toContain("<failure");
  });
});
