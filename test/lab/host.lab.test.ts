import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Host } from "../../src/host/host.ts";
import { openHost } from "../../src/host/open-host.ts";
import { pinHostKeys } from "../../src/host/known-hosts.ts";
import { proveReboot } from "../../src/host/reboot-proof.ts";
import { waitForHost } from "../../src/host/wait-for-host.ts";
import { waitForIdle } from "../../src/host/wait-for-idle.ts";
import type { Program, ProgramMode } from "../../src/program/program.ts";
import type { ReportMessage } from "../../src/program/report.ts";
import { ReachedServers } from "./reached-servers.ts";

let servers: ReachedServers;
beforeAll(async () => {
  servers = await ReachedServers.boot("bmhost", {
    web1: "debian-12",
    db1: "debian-13",
    old1: "debian-11",
  });
});
afterAll(() => servers.destroy());

/** A program in the report's language that runs shell text as its one resource. */
function program(body: string, mode: ProgramMode = "apply"): Program {
  return {
    title: "bmhost: a test",
    mode,
    ids: ["test"],
    text: `bm_program() {
echo 'bm1 begin 1 resources'
echo 'bm1 start test'
{ ${body}
} 2>&1 | while IFS= read -r line; do echo "bm1 output $line"; done
echo 'bm1 done changed 1 ms'
echo 'bm1 end 0 2 ms'
}
bm_program </dev/null
`,
  };
}

function outputOf(messages: readonly ReportMessage[]): readonly string[] {
  return messages.flatMap((message) => (message.kind === "output" ? [message.line] : []));
}

const open = (server: string): Promise<Host> =>
  openHost(servers.transport, servers.target(server), servers.options(server));

const signal = new AbortController().signal;
const candidate = (server: string, other = {}) => ({
  target: servers.target(server, other),
  options: servers.options(server, { connectTimeoutMs: 15_000 }),
});

describe.each([
  ["web1", "12", "bookworm"],
  ["db1", "13", "trixie"],
  ["old1", "11", "bullseye"],
])("%s", (server, osVersion, osCodename) => {
  test("says what it is", async () => {
    const host = await open(server);
    expect(host.facts).toMatchObject({
      osId: "debian",
      osVersion,
      osCodename,
      kernelName: "Linux",
      init: "systemd",
      isContainer: true,
      loginUser: "root",
    });
    expect(host.facts.addresses).toContain(servers.address(server));
    expect(host.facts.opensshVersion).toMatch(/^OpenSSH_\d/);
    await host.close();
  });

  test("runs programs: a check leaves nothing behind, an apply leaves its log", async () => {
    const host = await open(server);
    const check = await host.runProgram(program("echo checked", "check"), { timeoutMs: 20_000 });
    expect(check).toMatchObject({ status: 0, resources: [{ id: "test", status: "changed" }] });
    expect((await host.run("ls /var/lib/bootmachine/runs 2>/dev/null | wc -l")).stdout).toBe("0\n");
    const messages: ReportMessage[] = [];
    const apply = await host.runProgram(program("echo applied; ps -o sid= -p $$ >/dev/null 2>&1"), {
      timeoutMs: 20_000,
      onMessage: (message) => messages.push(message),
    });
    expect(apply.status).toBe(0);
    expect(outputOf(messages)).toEqual(["applied"]);
    expect((await host.run("ls /var/lib/bootmachine/runs | wc -l")).stdout).toBe("1\n");
    await host.close();
  });
});

test("a program is told to stop while its report is followed, and is followed to its end", async () => {
  const host = await open("web1");
  const stop = new AbortController();
  const messages: ReportMessage[] = [];
  const report = await host.runProgram(
    program(`echo begun
i=0; while test $i -lt 200 && ! test -e "$BM_STOP"; do sleep 0.1; i=$((i + 1)); done
if test -e "$BM_STOP"; then echo 'told to stop'; fi`),
    {
      timeoutMs: 60_000,
      stopSignal: stop.signal,
      onMessage: (message) => {
        messages.push(message);
        if (message.kind === "output" && message.line === "begun") stop.abort();
      },
    },
  );
  expect(report.status).toBe(0);
  expect(outputOf(messages)).toEqual(["begun", "told to stop"]);
  const late = host.runProgram(program("echo never"), {
    timeoutMs: 60_000,
    stopSignal: stop.signal,
  });
  await expect(late).rejects.toMatchObject({ code: "CANCELLED" });
  await host.close();
});

test("the link is cut in the middle of an upgrade: the report is whole, and the same as the host's own log", async () => {
  const host = await open("db1");
  const messages: ReportMessage[] = [];
  const links: string[] = [];
  let cut: Promise<void> | undefined;
  const report = await host.runProgram(
    program(`export DEBIAN_FRONTEND=noninteractive
apt-get update
for name in tree lsof; do
  mkdir -p /root/old/$name/DEBIAN
  printf '%s\\n' "Package: $name" 'Version: 0.1' 'Architecture: all' 'Maintainer: lab' 'Description: old' >/root/old/$name/DEBIAN/control
  dpkg-deb --build /root/old/$name /root/old/$name.deb
done
for turn in 1 2 3; do
  dpkg --install /root/old/*.deb && apt-get -y upgrade
  sleep 3
done
i=0; while test $i -lt 2000; do echo "line $i"; i=$((i + 1)); done`),
    {
      timeoutMs: 240_000,
      onLink: (state) => links.push(state),
      onMessage: (message) => {
        messages.push(message);
        // In the middle: what comes next comes while nobody listens.
        if (message.kind === "output" && /^Unpacking tree .* over \(0\.1\)/.test(message.line)) {
          cut ??= servers
            .cut("db1")
            .then(() => new Promise((resolve) => setTimeout(resolve, 25_000)))
            .then(() => servers.mend());
        }
      },
    },
  );
  expect(cut).toBeDefined();
  await cut;
  expect(links).toContain("lost");
  expect(links.at(-1)).toBe("resumed");
  expect(report.status).toBe(0);
  const log = await host.run("cat /var/lib/bootmachine/runs/*/log | sed -n 's/^bm1 output //p'");
  const seen = outputOf(messages);
  expect(seen.length).toBeGreaterThan(2000);
  expect(log.stdout.trimEnd().split("\n").slice(-seen.length).length).toBe(seen.length);
  expect(log.stdout.trimEnd().split("\n").slice(-2000)).toEqual(seen.slice(-2000));
  await host.close();
});

test("the controller is killed in the middle: the program goes on, a second controller is told, waits, and works", async () => {
  const script = join(servers.directory, "controller.ts");
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, "../../src", path));
  writeFileSync(
    script,
    `import { openSsh } from ${source("transport/open-ssh.ts")};
import { openHost } from ${source("host/open-host.ts")};
const host = await openHost(
  openSsh({ controlDirectory: ${JSON.stringify(servers.controlDirectory)} }),
  ${JSON.stringify(servers.target("web1"))},
  ${JSON.stringify(servers.options("web1"))},
  { who: "ada@laptop" },
);
await host.runProgram(${JSON.stringify(program("echo begun; sleep 4; echo done >/root/finished"))}, {
  timeoutMs: 60000,
  onMessage: (message) => console.log(message.kind),
});
`,
  );
  const first = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    first.once("close", (status) => reject(new Error(`the controller ended with ${status}`)));
    first.stdout.on("data", (text: Buffer) => {
      if (text.includes("output")) resolve();
    });
  });
  first.kill("SIGKILL");
  const host = await open("web1");
  await expect(
    host.runProgram(program("echo second"), { timeoutMs: 20_000 }),
  ).rejects.toMatchObject({
    code: "HOST_BUSY",
    message: expect.stringMatching(/"bmhost: a test", started by ada@laptop at \d{4}-/) as string,
  });
  await waitForIdle(host, { timeoutMs: 30_000 });
  expect((await host.run("cat /root/finished")).stdout).toBe("done\n");
  expect((await host.runProgram(program("echo second"), { timeoutMs: 20_000 })).status).toBe(0);
  await host.close();
});

test("an abort stops following, and the program finishes by itself", async () => {
  const host = await open("old1");
  const stop = new AbortController();
  await expect(
    host.runProgram(program("echo begun; sleep 1; echo yes >/root/went-on"), {
      timeoutMs: 20_000,
      signal: stop.signal,
      onMessage: (message) => {
        if (message.kind === "output") stop.abort();
      },
    }),
  ).rejects.toMatchObject({ code: "CANCELLED" });
  await waitForIdle(host, { timeoutMs: 20_000 });
  expect((await host.run("cat /root/went-on")).stdout).toBe("yes\n");
  await host.close();
});

test("a program that is killed is told, with its last lines", async () => {
  const host = await open("web1");
  await expect(
    host.runProgram(
      program("echo last words; kill -9 $$; kill -9 $(cat /var/lib/bootmachine/runs/*/pid)"),
      { timeoutMs: 20_000 },
    ),
  ).rejects.toMatchObject({ code: "PROGRAM_BROKEN" });
  expect((await host.runProgram(program("echo again"), { timeoutMs: 20_000 })).status).toBe(0);
  await host.close();
});

test("a full disk is told as one, before and in the middle of a program", async () => {
  const host = await open("old1");
  await host.run(
    "rm -rf /var/lib/bootmachine; mkdir -p /var/lib/bootmachine; mount -t tmpfs -o size=256k none /var/lib/bootmachine",
  );
  const fill =
    "cat /dev/zero >/var/lib/bootmachine/fill 2>/dev/null; i=0; while test $i -lt 2000; do echo $i; i=$((i + 1)); done";
  await expect(host.runProgram(program(fill), { timeoutMs: 20_000 })).rejects.toMatchObject({
    code: "PROGRAM_BROKEN",
    message: expect.stringContaining("is full") as string,
  });
  await expect(host.runProgram(program("echo never"), { timeoutMs: 20_000 })).rejects.toMatchObject(
    { code: "PROGRAM_BROKEN", message: expect.stringContaining("could not be written") as string },
  );
  await host.run("umount /var/lib/bootmachine");
  await host.close();
});

describe("waiting", () => {
  test("a reboot is waited for and proven", async () => {
    const host = await open("old1");
    const before = host.facts;
    await host.run("(sleep 0.3; systemctl reboot) >/dev/null 2>&1 &");
    await host.run("sleep 60", { timeoutMs: 60_000 }).catch(() => undefined);
    await host.close();
    const causes: string[] = [];
    const comeBack = () =>
      waitForHost({
        transport: servers.transport,
        candidates: [candidate("old1")],
        timeoutMs: 60_000,
        signal,
        onAttempt: (_, error) => causes.push(error?.code ?? "in"),
      });
    let back = await comeBack();
    // A host on its way down may let us in once more.
    for (let round = 0; round < 20 && !proveReboot(before, back.facts); round++) {
      await back.close();
      await sleep(500);
      back = await comeBack();
    }
    expect(causes.at(-1)).toBe("in");
    expect(proveReboot(before, back.facts)).toBe(true);
    expect(proveReboot(back.facts, await back.refreshFacts())).toBe(false);
    await back.close();
  });

  test("the candidate that works is found, and what the others said is told", async () => {
    const attempts: string[] = [];
    const host = await waitForHost({
      transport: servers.transport,
      candidates: [
        candidate("web1", { port: 9 }),
        candidate("web1", { user: "nobody2" }),
        candidate("web1"),
      ],
      timeoutMs: 30_000,
      signal,
      onAttempt: ({ port, user }, error) => attempts.push(`${user} ${port} ${error?.code ?? "in"}`),
    });
    // Nothing holds up the first port: it may have been asked again meanwhile.
    expect([...new Set(attempts)]).toEqual([
      "root 9 CONNECTION_REFUSED",
      "nobody2 22 KEY_REFUSED",
      "root 22 in",
    ]);
    await host.close();
  });

  test("where the first address is slow, another is no reason to come from elsewhere", async () => {
    const addresses = servers.addresses("web1");
    expect(addresses).toHaveLength(2);
    await servers.onServer(
      "web1",
      `echo 'case $SSH_CONNECTION in *:*) ;; *) sleep 4 ;; esac' >/etc/ssh/sshrc`,
    );
    const host = await waitForHost({
      transport: servers.transport,
      candidates: addresses.map((address) => candidate("web1", { address })),
      timeoutMs: 30_000,
      signal,
      onAttempt: () => undefined,
    });
    expect(host.target.address).toBe(addresses[0]);
    await host.close();
    await servers.onServer("web1", "rm /etc/ssh/sshrc");
  });

  describe("where what comes to a port is dropped", () => {
    const SILENT = 2291;
    const LATE = 2290;
    beforeAll(() =>
      servers.onServer(
        "web1",
        `nft 'add table inet silent; add chain inet silent in { type filter hook input priority 0; }; add rule inet silent in tcp dport ${SILENT} drop'`,
      ),
    );
    afterAll(() => servers.onServer("web1", "nft delete table inet silent"));

    test("the next one is asked before that one is given up", async () => {
      const attempts: string[] = [];
      const host = await waitForHost({
        transport: servers.transport,
        candidates: [candidate("web1", { port: SILENT }), candidate("web1")],
        timeoutMs: 60_000,
        signal,
        onAttempt: ({ port }, error) => attempts.push(`${port} ${error?.code ?? "in"}`),
      });
      expect(attempts).toEqual(["22 in"]);
      await host.run("true");
      await host.close();
    });

    test("one that failed is asked again before that one is given up", async () => {
      const attempts: string[] = [];
      let listening: Promise<unknown> | undefined;
      const host = await waitForHost({
        transport: servers.transport,
        candidates: [candidate("web1", { port: LATE }), candidate("web1", { port: SILENT })],
        timeoutMs: 60_000,
        signal,
        onAttempt: ({ port }, error) => {
          attempts.push(`${port} ${error?.code ?? "in"}`);
          listening ??= servers.onServer("web1", `/usr/sbin/sshd -p ${LATE} -o PidFile=none`);
        },
      });
      await listening;
      expect([...new Set(attempts)]).toEqual([`${LATE} CONNECTION_REFUSED`, `${LATE} in`]);
      await host.close();
      await servers.onServer("web1", `pkill -f 'sshd -p ${LATE}'`);
    });
  });

  test("the limit ends it, and says which failure it was", async () => {
    await expect(
      waitForHost({
        transport: servers.transport,
        candidates: [candidate("web1", { port: 9 })],
        timeoutMs: 1_500,
        signal,
        onAttempt: () => undefined,
      }),
    ).rejects.toMatchObject({
      code: "TIMEOUT",
      limitMs: 1_500,
      message: expect.stringContaining("refused the connection") as string,
      cause: { code: "CONNECTION_REFUSED" },
    });
  });

  test("another host key ends it at once", async () => {
    const knownHostsFile = join(servers.directory, "wrong");
    await pinHostKeys(knownHostsFile, "web1", [
      `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`,
    ]);
    const attempts: string[] = [];
    await expect(
      waitForHost({
        transport: servers.transport,
        candidates: [
          { target: servers.target("web1"), options: servers.options("web1", { knownHostsFile }) },
        ],
        timeoutMs: 60_000,
        signal,
        onAttempt: (_, error) => attempts.push(error?.code ?? "in"),
      }),
    ).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
    expect(attempts).toEqual(["HOST_KEY_MISMATCH"]);
  });

  test("a host that gives no facts yet is asked again, and one that goes on so is told", async () => {
    const host = await open("db1");
    const wait = () =>
      waitForHost({
        transport: servers.transport,
        candidates: [candidate("db1")],
        timeoutMs: 60_000,
        signal,
        onAttempt: (_target, error) => {
          if (error !== undefined) seen.push(error.code);
        },
      });
    let seen: string[] = [];
    // It stands before the real one, says nothing of what facts are made of, and is gone once it was asked for them.
    const early = "/usr/local/bin/uname";
    const mute = `#!/bin/sh\n[ "$1" != -snrm ] || exec rm ${early}\nexec /usr/bin/uname "$@"\n`;
    await host.run(`cat >${early} && chmod 755 ${early}`, { stdin: mute });
    const back = await wait();
    expect(seen).toEqual(["COMMAND_FAILED"]);
    await back.close();
    seen = [];
    await host.run(`printf '#!/bin/sh\n' >${early} && chmod 755 ${early}`);
    await expect(wait()).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("uname gives no answer") as string,
    });
    expect(seen.length).toBeGreaterThan(2);
    await host.run(`rm ${early}`);
    await host.close();
  });

  test("a user who comes late is waited for", async () => {
    const waiting = waitForHost({
      transport: servers.transport,
      candidates: [candidate("db1", { user: "late" })],
      timeoutMs: 60_000,
      signal,
      onAttempt: (_, error) => attempts.push(error?.code ?? "in"),
    });
    const attempts: string[] = [];
    await servers.onServer(
      "db1",
      "sleep 1; useradd -m late; mkdir /home/late/.ssh; cp /root/.ssh/authorized_keys /home/late/.ssh/; chown -R late /home/late/.ssh; sleep 1; echo 'late ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/late",
    );
    const host = await waiting;
    expect(attempts[0]).toBe("KEY_REFUSED");
    expect(attempts.at(-1)).toBe("in");
    expect(host.facts.loginUser).toBe("late");
    await host.close();
  });
});
