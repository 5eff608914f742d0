import { copyFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { StackProject, story } from "./stack-project.ts";

interface InventoryLine {
  readonly server: string;
  readonly address: string;
  readonly hostKeys: readonly string[];
  readonly publicAddresses: readonly string[];
}

interface VerifyDocument {
  readonly servers: readonly {
    readonly checks: readonly { readonly id: string; readonly status: string }[];
  }[];
}

describe("hosts that the user has", () => {
  /** Owns the machines; the other project knows their addresses only. */
  let owner: StackProject;
  let project: StackProject;
  let address = "";
  let six = "";
  let hostKey = "";

  beforeAll(async () => {
    owner = await StackProject.create("own", [{ name: "box", image: "debian-12", roles: ["web"] }]);
    for (const command of ["boot", "bootstrap"]) {
      const result = await owner.run(command, "--yes");
      expect(result.status, story(result)).toBe(0);
    }
    const inventory = await owner.run("inventory", "--format", "json");
    const [entry] = (JSON.parse(inventory.stdout) as { readonly servers: readonly InventoryLine[] })
      .servers;
    address = entry?.address ?? "";
    six = entry?.publicAddresses.find((one) => one.includes(":")) ?? "";
    hostKey = entry?.hostKeys[0] ?? "";
    project = await StackProject.create("have", [{ name: "box", roles: ["web"] }]);
    for (const file of ["id", "id.pub"]) {
      await copyFile(join(owner.directory, file), join(project.directory, file));
    }
  });
  afterAll(async () => {
    await owner.remove();
    await rm(project.directory, { recursive: true, force: true });
  });

  const useHost = async (extra: Record<string, unknown>): Promise<void> => {
    project.config = {
      ...project.config,
      provider: { name: "existing", hosts: { box: { address, ...extra } } },
    };
    await project.write();
  };

  it("are not trusted on first sight, which the config itself tells", async () => {
    await useHost({});
    for (const command of [["boot", "--yes"], ["up", "--yes"], ["plan"]]) {
      const refused = await project.run(...command);
      expect(refused.status, story(refused)).toBe(2);
      expect(refused.stderr).toContain("hosts.box.hostKey");
    }
  });

  const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMq9v0tJz3qQx8rV8bq8Q0k1zE3mQkq2mH0w2mYdS3rB";

  it("are looked at by boot: which is there, which is not, and which is another", async () => {
    const { config } = project;
    const names = ["box", "gone", "shut", "other"];
    project.config = {
      ...config,
      provider: {
        name: "existing",
        hosts: {
          box: { address, hostKey, user: "alice" },
          // In the test hosts' own network, where nobody has it.
          gone: { address: address.replace(/\d+$/, "253"), hostKey },
          shut: { address, hostKey, port: 2222, privateAddress: "192.0.2.2" },
          other: { address, hostKey: OTHER, user: "mallory", privateAddress: "192.0.2.3" },
        },
      },
      servers: names.map((name) => ({ name, roles: ["web"] })),
    };
    await project.write();
    const boot = await project.run("boot", "--yes", "--json");
    project.config = config;
    expect(boot.status, story(boot)).toBe(1);
    const end = boot.events.at(-1);
    const of = new Map(
      end?.type === "run-ended" ? end.servers.map((one) => [one.server, one] as const) : [],
    );
    expect(of.get("box")).toMatchObject({ outcome: "unchanged" });
    expect(boot.events).toContainEqual(
      expect.objectContaining({ type: "identity", server: "box", proof: "pinned" }),
    );
    expect(of.get("gone")).toMatchObject({ outcome: "failed", error: { code: "NO_ROUTE" } });
    expect(of.get("shut")).toMatchObject({ error: { code: "CONNECTION_REFUSED" } });
    expect(of.get("other")).toMatchObject({ error: { code: "HOST_KEY_MISMATCH" } });
    expect(of.get("other")?.error?.hint).toContain("`hosts.other.hostKey`");
    // What shows another key is told nothing, not even who would log in.
    const log = await owner.onServer("box", "journalctl --no-pager -o cat");
    expect(log.stdout).toContain("alice");
    expect(log.stdout).not.toContain("mallory");
    expect(await project.readState("known_hosts").catch(() => "")).toBe("");
  });

  it("are refused when they show another key, before a byte is sent", async () => {
    await useHost({ hostKey: OTHER });
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(1);
    const errors = up.events.filter((event) => event.type === "error");
    expect(errors).toContainEqual(
      expect.objectContaining({
        error: expect.objectContaining({
          code: "HOST_KEY_MISMATCH",
          hint: expect.stringContaining("`hosts.box.hostKey`") as unknown,
        }) as unknown,
      }),
    );
  });

  it("are secured and proved by a pinned key", async () => {
    await useHost({ hostKey });
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(up.events).toContainEqual(
      expect.objectContaining({ type: "identity", proof: "pinned" }),
    );
    const again = await project.run("up", "--yes", "--json");
    expect(again.events.at(-1)).toMatchObject({
      outcome: "ok",
      servers: [{ outcome: "unchanged" }],
    });
    // Its sshd listens on the declared port alone now.
    const boot = await project.run("boot", "--yes", "--json");
    expect(boot.status, story(boot)).toBe(0);
    expect(boot.events.at(-1)).toMatchObject({ servers: [{ outcome: "unchanged" }] });
  });

  it("are reached and proved by an address of IPv6 alone", async () => {
    await useHost({ address: six, hostKey });
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(up.events).toContainEqual(expect.objectContaining({ type: "reached", address: six }));
    const verify = await project.run("verify", "--format", "json");
    expect(verify.status, story(verify)).toBe(0);
    const checks = new Map(
      (JSON.parse(verify.stdout) as VerifyDocument).servers.flatMap(({ checks: all }) =>
        all.map(({ id, status }) => [id, status] as const),
      ),
    );
    expect(checks.get("ports-only-declared-ipv6"), story(verify)).toBe("passed");
    expect(checks.get("ports-only-declared-ipv4")).toBe("skipped");
    const over = await project.run("ssh", "box", "--", "echo $SSH_CONNECTION");
    // As everybody but the config writes it.
    const short = new URL(`http://[${six}]`).hostname.slice(1, -1);
    expect(over.stdout.split(" ")[2], story(over)).toBe(short);
    // And by ssh's own reading of the product.
    expect(await project.readState("ssh_config")).toContain(`HostName ${six}\n`);
    expect((await project.onServer("box", "id -un")).stdout).toBe("root\n");
    await useHost({ hostKey });
  });

  it("answer the daily commands", async () => {
    const exec = await project.run("exec", "--root", "--", "id -un; exit 3");
    expect(exec.status, story(exec)).toBe(1);
    expect(exec.stdout).toContain("root");
    await writeFile(join(project.directory, "motd"), "hello\n");
    const put = await project.run("put", "motd", "/etc/motd-test");
    expect(put.status, story(put)).toBe(0);
    expect(
      (await project.onServer("box", "cat /etc/motd-test; stat -c '%a %U' /etc/motd-test")).stdout,
    ).toBe("hello\n644 root\n");
    const ssh = await project.run("ssh", "box", "--", "hostname");
    expect(ssh.stdout, story(ssh)).toContain("box");
    const failed = await project.run("ssh", "box", "--", "exit 7");
    expect(failed.status, story(failed)).toBe(7);
    const reboot = await project.run("reboot", "--yes", "--json");
    expect(reboot.status, story(reboot)).toBe(0);
    const ansible = await project.run("inventory", "--format", "ansible");
    expect(ansible.stdout).toContain("ansible_port");
  });

  it("run a function of the user's own", async () => {
    await rm(join(project.directory, "bootmachine.config.yaml"));
    await writeFile(
      join(project.directory, "bootmachine.config.ts"),
      `import { defineStack, existing } from "bootmachine";
export default defineStack({
  name: ${JSON.stringify(project.name)},
  provider: existing({ hosts: { box: { address: ${JSON.stringify(address)}, hostKey: ${JSON.stringify(hostKey)} } } }),
  operator: "ada",
  users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
  ssh: { port: 2849, identityFile: "./id", configFile: "none" },
  servers: [{ name: "box", roles: ["web"] }],
  tasks: {
    deploy: {
      description: "Writes a release",
      run: async ({ hosts, args, log }) => {
        for (const host of hosts) {
          await host.put(args.join(" "), "/srv/release");
          log((await host.run("cat /srv/release; echo; id -un", { asRoot: true })).stdout);
        }
      },
    },
  },
});
`,
    );
    const task = await project.run("run", "deploy", "--", "v1", "now");
    expect(task.status, story(task)).toBe(0);
    expect(task.stdout).toMatch(/v1 now\nroot/);
    const unknown = await project.run("run", "deplyo");
    expect(unknown.status).toBe(2);
  });

  it("are forgotten, and not destroyed", async () => {
    const destroy = await project.run("destroy", "--yes");
    expect(destroy.status, story(destroy)).toBe(0);
    expect(`${destroy.stdout}${destroy.stderr}`).toMatch(/not destroyed|yours/);
    const alive = await owner.run("status", "--json");
    expect(alive.stdout).toContain('"running"');
  });

  it("are trusted on first use when the user says so", async () => {
    await rm(join(project.directory, "bootmachine.config.ts"));
    project.config = {
      ...project.config,
      ssh: { ...(project.config["ssh"] as object), identity: "first-use" },
    };
    await useHost({});
    const boot = await project.run("boot", "--yes", "--json");
    expect(boot.status, story(boot)).toBe(0);
    expect(boot.events).toContainEqual(
      expect.objectContaining({
        type: "note",
        text: expect.stringMatching(/shows the host key SHA256:\S+; nothing proves it/) as unknown,
      }),
    );
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(up.events).toContainEqual(
      expect.objectContaining({ type: "identity", proof: "first-use" }),
    );
    expect(await project.readState("known_hosts")).toContain(hostKey);
    // A key that is given later counts more than the one that was taken on first sight.
    await useHost({ hostKey: OTHER });
    const mismatch = await project.run("boot", "--yes", "--json");
    expect(mismatch.status, story(mismatch)).toBe(1);
    expect(mismatch.events.at(-1)).toMatchObject({
      servers: [{ error: { code: "HOST_KEY_MISMATCH" } }],
    });
  });
});
