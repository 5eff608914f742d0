import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  fingerprint,
  learnHostKey,
  pinHostKeys,
  readPinnedKeys,
} from "../../src/host/known-hosts.ts";
import { proveHostKey } from "../../src/transport/scan-host-key.ts";
import { here, ReachedServers } from "./reached-servers.ts";

let servers: ReachedServers;
beforeAll(async () => {
  servers = await ReachedServers.boot("bmtransport", {
    web1: "debian-12",
    db1: "debian-13",
    old1: "debian-11",
  });
  for (const server of ["web1", "db1", "old1"]) {
    await servers.onServer(
      server,
      `for user in ada grace linus; do
        useradd -m -s /bin/bash $user; mkdir -p /home/$user/.ssh
        cp /root/.ssh/authorized_keys /home/$user/.ssh/; chown -R $user /home/$user/.ssh
      done
      echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ada; usermod -aG sudo grace
      echo 'echo Welcome; echo noise >&2' >/home/ada/.bashrc
      cp /home/ada/.bashrc /home/ada/.profile; echo 'message of the day' >/etc/motd
      echo 'Banner /etc/banner' >>/etc/ssh/sshd_config; echo 'Connection refused, said the banner' >/etc/banner
      systemctl reload ssh`,
    );
  }
});
afterAll(() => servers.destroy());

describe.each(["web1", "db1", "old1"])("a link to %s", (server) => {
  test("a hundred scripts, a file and input cost one authentication", async () => {
    const logins = () =>
      servers.onServer(
        server,
        // What sshd has said so far, and not what the journal had the time to write down.
        "journalctl --sync; journalctl -u ssh --no-pager | grep -c 'Accepted publickey'",
      );
    const before = Number(await logins());
    const link = await servers.connect(server);
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => link.run(`echo ${index}`)),
    );
    expect(results.map(({ stdout }) => stdout)).toEqual(
      Array.from({ length: 100 }, (_, index) => `${index}\n`),
    );
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256));
    await link.upload(content, "/root/it's here", { mode: "0640" });
    expect((await link.run('cksum <"/root/it\'s here"; stat -c %a /root/it*')).stdout).toMatch(
      / 300000\n640\n$/,
    );
    expect(await link.run("cat; exit 4", { stdin: "secret" })).toEqual({
      status: 4,
      stdout: "secret",
      stderr: "",
    });
    const big = await link.run("head -c 5000000 /dev/zero | tr '\\0' x; echo");
    expect(big.stdout.length).toBe(5_000_001);
    await link.close();
    // One for the link, one for asking.
    expect(Number(await logins()) - before).toBe(2);
    expect(existsSync(servers.controlDirectory)).toBe(false);
  });

  test("a user with sudo is root, and itself where it is asked to be", async () => {
    const link = await servers.connect(server, { user: "ada" });
    expect((await link.run("id -un; echo $HOME")).stdout).toBe("root\n/root\n");
    expect((await link.run("id -un; echo $HOME", { asRoot: false })).stdout).toBe(
      "ada\n/home/ada\n",
    );
    expect((await link.run("id -un; cat", { stdin: "x" })).stdout).toBe("root\nx");
    await link.close();
  });

  test("a user who may not is told why", async () => {
    const grace = await servers.connect(server, { user: "grace" });
    await expect(grace.run("true")).rejects.toMatchObject({
      code: "NOT_ROOT",
      message: expect.stringContaining("group sudo") as string,
    });
    expect((await grace.run("id -un", { asRoot: false })).stdout).toBe("grace\n");
    const linus = await servers.connect(server, { user: "linus" });
    await expect(linus.run("true")).rejects.toMatchObject({
      code: "NOT_ROOT",
      message: expect.stringContaining("no admin group") as string,
    });
    await Promise.all([grace.close(), linus.close()]);
  });

  test("a host that is booting lets only root in", async () => {
    await servers.onServer(
      server,
      "echo 'System is booting up. Unprivileged users are not permitted to log in yet.' >/run/nologin",
    );
    await expect(servers.connect(server, { user: "ada" })).rejects.toMatchObject({
      code: "HOST_NOT_READY",
    });
    await servers.onServer(server, "rm /run/nologin");
  });

  test("a host with another key gets nothing, not even our user's name", async () => {
    const options = servers.options(server, { knownHostsFile: join(servers.directory, "wrong") });
    const wrong = `ssh-ed25519 ${readFileSync(`${servers.identityFile}.pub`, "utf8").split(" ")[1]}`;
    await pinHostKeys(options.knownHostsFile, server, [wrong]);
    const shown = await readPinnedKeys(servers.knownHostsFile, server);
    const failure = servers.transport.connect(
      servers.target(server, { user: "wrongkeyuser" }),
      options,
    );
    await expect(failure).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
    const message = await failure.then(
      () => "",
      (error: Error) => error.message,
    );
    expect(message).toContain(fingerprint(wrong));
    expect(shown.map((key) => message.includes(fingerprint(key)))).toContain(true);
    expect(
      await servers.onServer(
        server,
        "journalctl --sync; journalctl -u ssh --no-pager | grep -c wrongkeyuser || true",
      ),
    ).toBe("0\n");
  });

  test("an unknown user and a wrong key are refused", async () => {
    await expect(servers.connect(server, { user: "nobody2" })).rejects.toMatchObject({
      code: "KEY_REFUSED",
    });
  });

  test("the key that a host shows can be learned without a login", async () => {
    const keys = await learnHostKey([servers.target(server)], {
      ...servers.options(server),
      signal: new AbortController().signal,
      timeoutMs: 10_000,
    });
    expect(await readPinnedKeys(servers.knownHostsFile, server)).toContain(keys[0]);
  });
});

describe("failures are told apart", () => {
  test("nothing listens", async () => {
    await expect(servers.connect("web1", { port: 9 })).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
    });
  });
  test("a name that nobody knows", async () => {
    await expect(servers.connect("web1", { address: "web1.invalid" })).rejects.toMatchObject({
      code: "NAME_UNKNOWN",
    });
  });
  test("no route", async () => {
    // In the documentation's network, and routed to nowhere: not a packet leaves.
    await here("ip", "route", "add", "unreachable", "192.0.2.99/32");
    try {
      await expect(servers.connect("web1", { address: "192.0.2.99" })).rejects.toMatchObject({
        code: "NO_ROUTE",
      });
    } finally {
      await here("ip", "route", "del", "unreachable", "192.0.2.99/32");
    }
  });
  test("packets are dropped", async () => {
    await servers.cut("web1");
    try {
      const options = servers.options("web1", { connectTimeoutMs: 1_000 });
      await expect(
        servers.transport.connect(servers.target("web1"), options),
      ).rejects.toMatchObject({ code: "CONNECTION_TIMEOUT" });
    } finally {
      await servers.mend();
    }
  });
  test("ssh itself is missing", async () => {
    const { openSsh } = await import("../../src/transport/open-ssh.ts");
    const none = openSsh({
      controlDirectory: servers.controlDirectory,
      program: "ssh-that-is-not-there",
    });
    await expect(
      none.connect(servers.target("web1"), servers.options("web1")),
    ).rejects.toMatchObject({
      code: "PREREQUISITE_MISSING",
      hint: expect.stringContaining("openssh-client") as string,
    });
  });
  test("a link that dies in the middle of a script is noticed", async () => {
    const link = await servers.connect("web1");
    let begun: (() => void) | undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const running = link.run("echo begun; sleep 120", { onLine: () => begun?.() });
    await started;
    await servers.cut("web1");
    try {
      await expect(running).rejects.toMatchObject({ code: "DISCONNECTED" });
      await expect(link.run("true")).rejects.toMatchObject({ code: "DISCONNECTED" });
    } finally {
      await servers.mend();
      await link.close();
    }
  });
});

test("a cancelled script is ended on the host, and the link goes on", async () => {
  const link = await servers.connect("db1");
  const stop = new AbortController();
  await expect(
    link.run("echo begun; sleep 4321", { signal: stop.signal, onLine: () => stop.abort() }),
  ).rejects.toMatchObject({ code: "CANCELLED" });
  expect(
    (await link.run("grep -l '[s]leep.4321' /proc/[0-9]*/cmdline 2>/dev/null || true")).stdout,
  ).toBe("");
  await link.close();
});

test("a key that only the agent has", async () => {
  const agent = spawn("ssh-agent", ["-D", "-a", join(servers.directory, "agent")], {
    stdio: "ignore",
  });
  const before = process.env["SSH_AUTH_SOCK"];
  try {
    process.env["SSH_AUTH_SOCK"] = join(servers.directory, "agent");
    for (let tries = 0; tries < 100 && !existsSync(join(servers.directory, "agent")); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await promisify(execFile)("ssh-add", ["-q", servers.identityFile]);
    const options = servers.options("web1", { identityFile: `${servers.identityFile}.pub` });
    writeFileSync(join(servers.directory, "only.pub"), readFileSync(`${servers.identityFile}.pub`));
    const link = await servers.transport.connect(servers.target("web1"), {
      ...options,
      identityFile: join(servers.directory, "only.pub"),
    });
    expect((await link.run("id -un")).stdout).toBe("root\n");
    await link.close();
  } finally {
    if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
    else process.env["SSH_AUTH_SOCK"] = before;
    agent.kill();
  }
});

describe("through a jump host", () => {
  const config = () => join(servers.directory, "config");
  const jump = (name: string, other: { port?: number } = {}) =>
    servers.transport.connect(
      servers.target("db1", other),
      servers.options("db1", { jumpHost: name, configFile: config() }),
    );

  beforeAll(async () => {
    const own = join(servers.directory, "own_known_hosts");
    await pinHostKeys(
      own,
      servers.address("web1"),
      await readPinnedKeys(servers.knownHostsFile, "web1"),
    );
    const host = (name: string, lines: string) =>
      `Host ${name}\n  HostName ${servers.address("web1")}\n  IdentityFile ${servers.identityFile}\n  IdentitiesOnly yes\n${lines}`;
    writeFileSync(
      config(),
      [
        host("jump", `  User ada\n  UserKnownHostsFile ${own}\n`),
        host(
          "stranger",
          "  User ada\n  UserKnownHostsFile /dev/null\n  GlobalKnownHostsFile /dev/null\n",
        ),
        host("refusing", `  User nobody2\n  UserKnownHostsFile ${own}\n`),
        host("closed", "  User ada\n  Port 9\n"),
      ].join("\n"),
    );
  });

  test("a host behind it is reached, with its own key checked", async () => {
    const link = await jump("jump");
    expect((await link.run("hostname; id -un")).stdout).toMatch(/root\n$/);
    await link.upload(Buffer.from("x"), "/root/through");
    await link.close();
  });

  test.each([
    ["stranger", "HOST_KEY_MISMATCH"],
    ["refusing", "KEY_REFUSED"],
    ["closed", "CONNECTION_REFUSED"],
  ])("%s: the jump host is named for %s", async (name, code) => {
    await expect(jump(name)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`The jump host ${name}`) as string,
    });
  });

  test("a host behind it proves its key to whoever does not log in; what fails is told apart", async () => {
    const ask = async (name: string, server: "db1" | "old1", port = 22): Promise<void> =>
      await proveHostKey(
        { ...servers.target(server, { port }), user: "mallory" },
        servers.options("db1", { jumpHost: name, configFile: config() }),
        new AbortController().signal,
      );
    await ask("jump", "db1");
    await expect(ask("refusing", "db1")).rejects.toMatchObject({
      code: "KEY_REFUSED",
      message: expect.stringContaining("The jump host refusing") as string,
    });
    await expect(ask("jump", "db1", 9)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
    await expect(ask("jump", "old1")).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
    const log = (server: string): Promise<string> =>
      servers.onServer(server, "journalctl --no-pager -o cat");
    expect(await log("db1")).toContain("mallory");
    // What shows another key is told nothing, not even who would log in.
    expect(await log("old1")).not.toContain("mallory");
  });

  test("a failure behind it is not laid to it", async () => {
    await expect(jump("jump", { port: 9 })).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
      message: expect.stringContaining("db1 (") as string,
    });
  });
});

test("nothing is left behind", () => {
  expect(readdirSync(servers.directory)).not.toContain("c");
});
