import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shakeHands } from "../../src/proof/ssh-handshake.ts";
import { findWeakAlgorithms } from "../../src/proof/weak-algorithms.ts";
import { AccessLab, NEW_WAY, OLD_WAY, ROLLBACK_MS } from "./access-lab.ts";

const IMAGES = ["debian-13", "debian-12", "debian-11"] as const;
const STEPS = ["arm", "open", "prove", "close", "confirm", "disarm"] as const;
const ALL_STEPS = STEPS.flatMap((step) => [`${step} started`, `${step} done`]);
/** Every case has a server of its own; the releases take turns. */
const imageOf = (index: number): string => IMAGES[index % IMAGES.length] ?? IMAGES[0];

let lab: AccessLab;
beforeAll(async () => {
  lab = await AccessLab.start();
});
afterAll(async () => {
  await lab.end();
});

describe.concurrent("a change that goes well", () => {
  it.each(IMAGES)(
    "%s: the new way opens, the old one closes, and a second run arms nothing",
    async (image) => {
      const server = await lab.boot(image);
      const first = await server.secure();
      expect(first).toMatchObject({ steps: ALL_STEPS, outcome: NEW_WAY, error: undefined });
      expect(await server.opens(OLD_WAY)).toBe(false);
      expect(await server.over(NEW_WAY, "ls /root/.ssh/authorized_keys 2>/dev/null; true")).toBe(
        "",
      );
      const second = await server.secure();
      expect(second).toMatchObject({ steps: [], outcome: NEW_WAY, error: undefined });
    },
  );

  it("moves the port of a secured host, and back to it when that fails", async () => {
    const server = await lab.boot("debian-12");
    expect((await server.secure()).outcome).toEqual(NEW_WAY);
    const before = await server.state(NEW_WAY);
    await server.over(
      NEW_WAY,
      "nft 'table inet foreign { chain input { type filter hook input priority -10; tcp dport 2998 drop; }; }'",
    );
    const blocked = await server.secure({ port: 2998, arrival: NEW_WAY, connectTimeoutMs: 8_000 });
    expect(blocked.error?.code).toBe("ACCESS_ROLLED_BACK");
    await server.waitFor(NEW_WAY);
    await server.over(NEW_WAY, "nft delete table inet foreign");
    expect(await server.state(NEW_WAY)).toBe(before);
    const moved = await server.secure({ port: 2999, arrival: NEW_WAY });
    expect(moved).toMatchObject({ outcome: { user: "ada", port: 2999 }, error: undefined });
    expect(await server.opens(NEW_WAY)).toBe(false);
  });

  it("changes the openings of the firewall alone by the same transaction", async () => {
    const server = await lab.boot("debian-13");
    expect((await server.secure()).outcome).toEqual(NEW_WAY);
    const opened = await server.secure({ openPorts: [8080] });
    expect(opened).toMatchObject({ steps: ALL_STEPS, outcome: NEW_WAY });
    expect(await server.over(NEW_WAY, "nft list table inet bootmachine")).toContain(
      "tcp dport 8080",
    );
  });

  it("leaves no weak algorithm to a host that has every default host key", async () => {
    const server = await lab.boot("debian-11");
    await server.over(OLD_WAY, "ssh-keygen -A && systemctl restart ssh");
    const types = async (port: number): Promise<readonly string[]> => {
      const found = await shakeHands(server.address, port, {
        timeoutMs: 10_000,
        signal: new AbortController().signal,
      });
      if (found.kind !== "ssh") throw new Error(JSON.stringify(found));
      return [...found.offer.hostKeys, ...findWeakAlgorithms(found.offer)];
    };
    expect(await types(OLD_WAY.port)).toContain("host key ssh-rsa");
    expect((await server.secure()).outcome).toEqual(NEW_WAY);
    // In the order in which sshd has loaded the keys.
    expect((await types(NEW_WAY.port)).toSorted()).toEqual([
      "ecdsa-sha2-nistp256",
      "rsa-sha2-256",
      "rsa-sha2-512",
      "ssh-ed25519",
    ]);
  });

  it.each(["debian-13", "debian-12"])(
    "%s: moves the socket that holds the ssh port, and back",
    async (image) => {
      const server = await lab.boot(image);
      await server.over(
        OLD_WAY,
        "systemctl disable -q ssh.service; systemctl stop ssh.service; systemctl enable -q --now ssh.socket",
      );
      await server.waitFor(OLD_WAY);
      const before = await server.state(OLD_WAY);
      const blocked = await server.secure({
        operatorKeys: [`from="192.0.2.1" ${server.key}`],
        connectTimeoutMs: 8_000,
      });
      expect(blocked.error?.code).toBe("ACCESS_ROLLED_BACK");
      expect(await server.state(OLD_WAY)).toBe(before);
      expect(await server.secure()).toMatchObject({ outcome: NEW_WAY, error: undefined });
      expect(await server.opens(OLD_WAY)).toBe(false);
      expect(
        await server.over(
          NEW_WAY,
          "systemctl is-active ssh.socket; ss -Hltn | grep -c ':22 ' || true",
        ),
      ).toBe("active\n0\n");
      await server.reboot();
      await server.waitFor(NEW_WAY, 60_000);
      expect(await server.secure({ arrival: NEW_WAY })).toMatchObject({
        steps: [],
        error: undefined,
      });
    },
  );

  it("takes down a port, a Match block and a user that other files of sshd add", async () => {
    const server = await lab.boot("debian-11");
    await server.over(
      OLD_WAY,
      `printf 'Port 22\\nPermitRootLogin yes\\nPasswordAuthentication yes\\nMatch User root\\n  PermitRootLogin yes\\n  AllowUsers root\\n' >/etc/ssh/sshd_config.d/50-cloud-init.conf
sed -i -e '/^Include/d' -e '1i Port 22' /etc/ssh/sshd_config && systemctl restart ssh`,
    );
    expect((await server.secure()).outcome).toEqual(NEW_WAY);
    expect(await server.opens(OLD_WAY)).toBe(false);
    expect(await server.opens({ user: "root", port: 2849 })).toBe(false);
    expect(await server.over(NEW_WAY, "ss -Hltn | grep -c ':22 ' || true")).toBe("0\n");
    expect((await server.secure()).steps).toEqual([]);
    // systemd finds nothing to complain of in our units.
    expect(
      await server.over(
        NEW_WAY,
        "journalctl -b --no-pager -o cat _PID=1 | grep '/bootmachine-[a-z-]*[.]' || true",
      ),
    ).toBe("");
  });
});

interface Failure {
  readonly name: string;
  /** Run as root before the change. */
  readonly plant: string;
  readonly remove: string;
  readonly keys?: "wrong";
  readonly failedStep: string;
  readonly said: RegExp;
}

const FAILURES: readonly Failure[] = [
  {
    name: "sshd refuses the new configuration",
    plant: "echo 'NoSuchKeyword yes' >/etc/ssh/sshd_config.d/99-broken.conf",
    remove: "rm /etc/ssh/sshd_config.d/99-broken.conf",
    failedStep: "open failed",
    said: /NoSuchKeyword/u,
  },
  {
    name: "something else holds the new port",
    plant:
      "systemd-run -q --unit=squatter perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 2849, Listen => 5) or die; sleep 600' && sleep 1",
    remove: "systemctl stop squatter",
    failedStep: "open failed",
    said: /port 2849 is held by something else.*perl/u,
  },
  {
    name: "another table drops the new port",
    plant:
      "nft 'table inet foreign { chain input { type filter hook input priority -10; tcp dport 2849 drop; }; }'",
    remove: "nft delete table inet foreign",
    failedStep: "prove failed",
    said: /did not let us in within 8 s/u,
  },
  {
    name: "the operator's key is wrong",
    plant: "true",
    remove: "true",
    keys: "wrong",
    failedStep: "prove failed",
    said: /refuse/iu,
  },
  {
    name: "sudo fails",
    plant:
      "echo 'ada ALL=(ALL:ALL) PASSWD: ALL' >/etc/sudoers.d/zz-later && chmod 0440 /etc/sudoers.d/zz-later",
    remove: "rm /etc/sudoers.d/zz-later",
    failedStep: "prove failed",
    said: /sudo/u,
  },
];

describe.concurrent("a change that fails", () => {
  it.each(FAILURES.map((failure, index) => [failure.name, failure, imageOf(index)] as const))(
    "%s: the host goes back, says why, and a later run succeeds",
    async (_name, failure, image) => {
      const server = await lab.boot(image);
      await server.over(OLD_WAY, failure.plant);
      const before = await server.state(OLD_WAY);
      const key = await import("node:fs/promises").then(({ readFile }) =>
        readFile(`${lab.directory}/wrong.pub`, "utf8"),
      );
      const failed = await server.secure({
        connectTimeoutMs: 8_000,
        ...(failure.keys === undefined ? {} : { operatorKeys: [key.trim()] }),
      });
      expect(failed.error?.code).toBe("ACCESS_ROLLED_BACK");
      expect(failed.error?.message).toMatch(failure.said);
      expect(failed.steps).toContain(failure.failedStep);
      expect(failed.steps.at(-1)).toBe("rolled-back done");
      await server.waitFor(OLD_WAY);
      expect(await server.state(OLD_WAY)).toBe(before);
      await server.over(OLD_WAY, failure.remove);
      expect(await server.secure()).toMatchObject({ outcome: NEW_WAY, error: undefined });
      expect(await server.opens(OLD_WAY)).toBe(false);
    },
  );
});

/** What a config may say of the operator that shuts the operator out of a host that is secured already. */
const SHUT_OUT: readonly {
  readonly name: string;
  readonly operator?: { readonly shell?: string; readonly groups?: readonly string[] };
  readonly keyOptions?: string;
  readonly failedStep: string;
  readonly said: RegExp;
}[] = [
  {
    name: "a shell that is not there",
    operator: { shell: "/bin/zsh" },
    failedStep: "open failed",
    said: /there is no \/bin\/zsh on this host/u,
  },
  {
    name: "a shell that lets nobody in",
    operator: { shell: "/usr/sbin/nologin", groups: ["sudo"] },
    failedStep: "prove failed",
    said: /prove/u,
  },
  {
    name: "a key from another address",
    keyOptions: 'from="192.0.2.1"',
    failedStep: "prove failed",
    said: /refuse/iu,
  },
  {
    name: "a key that runs one command",
    keyOptions: 'command="/bin/true"',
    failedStep: "prove failed",
    said: /prove/u,
  },
];

describe.concurrent("a host that is slow to let the operator in", () => {
  it("is asked once more, while there is time to go back", async () => {
    const server = await lab.boot("debian-13");
    // Longer than the limit of a connection, the first time alone.
    await server.over(
      OLD_WAY,
      `cat >/etc/ssh/sshrc <<'END'
[ "$(id -un)" != ada ] || [ -e /tmp/slow ] || { >/tmp/slow; sleep 30; }
END`,
    );
    const { error } = await server.secure({ connectTimeoutMs: 8_000 });
    expect(error).toBeUndefined();
    expect(await server.over(NEW_WAY, "cat /tmp/slow && echo was slow")).toContain("was slow");
  });
});

describe.concurrent("a change of the operator's own account on a secured host", () => {
  it("that shuts the operator out is put back, and the way in works again", async () => {
    const server = await lab.boot("debian-12");
    expect((await server.secure({ others: ["grace"] })).error).toBeUndefined();
    const before = [await server.state(NEW_WAY), await server.accounts(NEW_WAY)];
    expect(before[1]).toContain("ada:");
    for (const { name, operator, keyOptions, failedStep, said } of SHUT_OUT) {
      const failed = await server.secure({
        arrival: NEW_WAY,
        others: ["grace"],
        connectTimeoutMs: 8_000,
        ...(operator === undefined ? {} : { operator }),
        ...(keyOptions === undefined ? {} : { operatorKeys: [`${keyOptions} ${server.key}`] }),
      });
      expect(failed.steps, name).toContain(failedStep);
      expect(failed.error?.code, name).toBe("ACCESS_ROLLED_BACK");
      expect(failed.error?.message, name).toMatch(said);
      expect([await server.state(NEW_WAY), await server.accounts(NEW_WAY)], name).toEqual(before);
    }
    expect(await server.secure({ others: ["grace"], arrival: NEW_WAY })).toMatchObject({
      steps: [],
      error: undefined,
    });
  });

  it("is put back by the host itself when the controller is killed, and when it reboots", async () => {
    const server = await lab.boot("debian-11");
    expect((await server.secure({ others: ["grace"] })).error).toBeUndefined();
    const before = [await server.state(NEW_WAY), await server.accounts(NEW_WAY)];
    const shutOut = {
      arrival: NEW_WAY,
      operator: { shell: "/usr/sbin/nologin" },
      operatorKeys: [`from="192.0.2.1" ${server.key}`],
      fault: { step: "prove", state: "started", kind: "kill" },
    } as const;
    await server.secure({ ...shutOut, rollbackMs: ROLLBACK_MS });
    expect(await server.opens(NEW_WAY)).toBe(false);
    await server.waitFor(NEW_WAY);
    expect([await server.state(NEW_WAY), await server.accounts(NEW_WAY)]).toEqual(before);
    await server.secure({ ...shutOut, rollbackMs: 600_000 });
    expect(await server.opens(NEW_WAY)).toBe(false);
    await server.reboot();
    await server.waitFor(NEW_WAY, 60_000);
    expect([await server.state(NEW_WAY), await server.accounts(NEW_WAY)]).toEqual(before);
  });

  it("takes everything from a user who is no longer declared, and from a former operator", async () => {
    const server = await lab.boot("debian-11");
    expect((await server.secure({ others: ["grace"] })).error).toBeUndefined();
    const grace = { user: "grace", port: NEW_WAY.port };
    expect(await server.opens(grace)).toBe(true);
    const later = await server.secure({ arrival: NEW_WAY });
    expect(later).toMatchObject({ outcome: NEW_WAY, error: undefined });
    expect(await server.opens(grace)).toBe(false);
    expect(
      await server.over(
        NEW_WAY,
        "ls /etc/sudoers.d /home/grace/.ssh; getent group sudo; grep ^grace: /etc/shadow | cut -d: -f2; getent passwd grace | cut -d: -f1",
      ),
    ).toBe("/etc/sudoers.d:\nREADME\nbootmachine-ada\n\n/home/grace/.ssh:\nsudo:x:27:\n*\ngrace\n");
    expect((await server.secure({ arrival: NEW_WAY })).steps).toEqual([]);

    // The operator herself is taken out, and the next one comes in: once in vain, then for good.
    const before = [await server.state(NEW_WAY), await server.accounts(NEW_WAY)];
    const next = { arrival: NEW_WAY, operatorName: "grace" };
    const refused = await server.secure({
      ...next,
      operatorKeys: [`from="192.0.2.1" ${server.key}`],
      connectTimeoutMs: 8_000,
    });
    expect(refused.error?.code).toBe("ACCESS_ROLLED_BACK");
    expect([await server.state(NEW_WAY), await server.accounts(NEW_WAY)]).toEqual(before);
    expect(await server.secure(next)).toMatchObject({ outcome: grace, error: undefined });
    expect(await server.opens(NEW_WAY)).toBe(false);
    expect(await server.over(grace, "ls /etc/sudoers.d; ls /home/ada/.ssh")).toBe(
      "README\nbootmachine-grace\n",
    );
  });
});

describe.concurrent("a controller that is killed", () => {
  it.each(STEPS.map((step, index) => [step, imageOf(index)] as const))(
    "when %s begins (%s): the host goes back by itself, and a later run succeeds",
    async (step, image) => {
      const server = await lab.boot(image);
      const before = await server.state(OLD_WAY);
      const killed = await server.secure({
        fault: { step, state: "started", kind: "kill" },
        rollbackMs: ROLLBACK_MS,
      });
      expect(killed.signal).toBe("SIGKILL");
      expect(killed.steps.at(-1)).toBe(`${step} started`);
      await server.waitFor(OLD_WAY);
      expect(await server.state(OLD_WAY)).toBe(before);
      const later = await server.secure();
      expect(later).toMatchObject({ outcome: NEW_WAY, error: undefined });
      // Before the first step nothing was armed, so that there is nothing to tell.
      if (step !== "arm")
        expect(later.said).toMatch(
          /undone by the host itself: went back at \d{4}-.*nobody confirmed/u,
        );
      expect(await server.opens(OLD_WAY)).toBe(false);
    },
  );

  it.each([
    ["open", "done"],
    ["close", "done"],
  ] as const)(
    "when %s is %s: a run that comes before the countdown ends finishes the change",
    async (step, state) => {
      const server = await lab.boot("debian-12");
      await server.secure({ fault: { step, state, kind: "kill" }, rollbackMs: 60_000 });
      expect(await server.secure()).toMatchObject({ outcome: NEW_WAY, error: undefined });
      expect(await server.opens(OLD_WAY)).toBe(false);
      expect((await server.secure()).steps).toEqual([]);
    },
  );

  it.each(["debian-13", "debian-11"])(
    "and the host rebooted in the middle (%s): it goes back before sshd starts",
    async (image) => {
      const server = await lab.boot(image);
      const before = await server.state(OLD_WAY);
      await server.secure({
        fault: { step: "confirm", state: "started", kind: "kill" },
        rollbackMs: 600_000,
      });
      expect(await server.opens(OLD_WAY)).toBe(false);
      await server.over(NEW_WAY, "systemctl --no-block reboot").catch(() => undefined);
      await server.waitFor(OLD_WAY, 60_000);
      expect(await server.state(OLD_WAY)).toBe(before);
      const later = await server.secure();
      expect(later.said).toMatch(/the host was rebooted in the middle/u);
      expect(later.outcome).toEqual(NEW_WAY);
    },
  );
});

describe.concurrent("a link that is cut", () => {
  it.each([
    ["open", "debian-13"],
    ["prove", "debian-12"],
    ["confirm", "debian-11"],
  ] as const)(
    "when %s begins, for longer than the host waits (%s): it goes back",
    async (step, image) => {
      const server = await lab.boot(image);
      const before = await server.state(OLD_WAY);
      const cut = await server.secure({
        fault: { step, state: "started", kind: "cut", ms: 25_000 },
        rollbackMs: ROLLBACK_MS,
        connectTimeoutMs: 8_000,
      });
      expect(cut.error?.code).toBe("ACCESS_ROLLED_BACK");
      expect(cut.error?.message).toMatch(/nobody confirmed the change within 15 s/u);
      await server.waitFor(OLD_WAY);
      expect(await server.state(OLD_WAY)).toBe(before);
      expect(await server.secure()).toMatchObject({ outcome: NEW_WAY, error: undefined });
    },
  );

  it("for a moment: the change goes on", async () => {
    const server = await lab.boot("debian-12");
    const cut = await server.secure({
      fault: { step: "close", state: "started", kind: "cut", ms: 2_000 },
      rollbackMs: 60_000,
    });
    expect(cut).toMatchObject({ outcome: NEW_WAY, error: undefined });
  });

  it("by Ctrl-C: the host goes back at once", async () => {
    const server = await lab.boot("debian-13");
    const before = await server.state(OLD_WAY);
    const aborted = await server.secure({
      fault: { step: "close", state: "done", kind: "abort" },
      rollbackMs: 600_000,
    });
    expect(aborted.error?.code).toBe("CANCELLED");
    expect(await server.state(OLD_WAY)).toBe(before);
  });
});
