import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { debian } from "../../src/distros/debian.ts";
import { firstBootResources } from "../../src/distros/debian/first-boot.ts";
import { openHost } from "../../src/host/open-host.ts";
import { compileProgram } from "../../src/program/compile-program.ts";
import type { ResourceReport } from "../../src/program/report.ts";
import { openSsh } from "../../src/transport/open-ssh.ts";
import { type Lab, startLabServers } from "./lab-servers.ts";
import { StackProject } from "./stack-project.ts";

// Real cloud-init, from a NoCloud seed: 22.4 on Debian 12 (no exit status 2), 25.1 on Debian 13.

const MARKS =
  "/var/lib/bootmachine/first-boot-judged /var/lib/bootmachine/cloud-init-accepted /run/earlier-boot";

describe("up, on servers whose cloud-init is still at work", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create(
      "ci",
      [
        { name: "d12", image: "debian-12" },
        { name: "d13", image: "debian-13" },
      ],
      {
        // Not what this is about.
        upgrades: { atBoot: "none" },
        provider: {
          name: "local",
          userData:
            "#cloud-config\nruncmd:\n  - sleep 15\n  - echo done >/var/tmp/from-user-data\nssh_pwauth: true\n",
        },
      },
    );
  });
  afterAll(async () => {
    await project.remove();
  });

  it("waits for it and says so, secures, and proves", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, `${up.stdout.slice(-4000)}\n${up.stderr}`).toBe(0);
    for (const server of ["d12", "d13"]) {
      const said = up.events.flatMap((event) =>
        event.type === "output" && event.server === server ? [event.line] : [],
      );
      expect(said, server).toContainEqual(expect.stringContaining("waiting for cloud-init"));
      const done = await project.onServer(server, "cat /var/tmp/from-user-data");
      expect(done.stdout.trim(), server).toBe("done");
    }
    // The host key that the provider had published is still the only one that is trusted: cloud-init left it alone.
    const proofs = up.events.flatMap((event) => (event.type === "identity" ? [event.proof] : []));
    expect(proofs).toEqual(["published", "published"]);
  });

  it("leaves the image's own user without any right", async () => {
    for (const server of ["d12", "d13"]) {
      const { stdout } = await project.onServer(
        server,
        "id -nG debian; ls /etc/sudoers.d; sudo -l -U debian; sshd -T | grep -i passwordauthentication",
      );
      const [groups = "", ...rest] = stdout.split("\n");
      expect(groups.split(" "), server).toContain("adm");
      expect(groups.split(" "), server).not.toContain("sudo");
      expect(rest.join("\n"), server).not.toContain("90-cloud-init-users");
      expect(rest.join("\n"), server).toContain("debian is not allowed to run sudo");
      // cloud-init's drop-in said yes.
      expect(rest.join("\n"), server).toContain("passwordauthentication no");
    }
  });

  it("changes nothing when run again", async () => {
    const again = await project.run("up", "--yes", "--json");
    expect(again.status, again.stderr).toBe(0);
    const ended = again.events.find((event) => event.type === "run-ended");
    expect(ended?.servers.map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged"]);
  });

  it("a rule for the image's user that came back is drift, and goes again", async () => {
    await project.onServer(
      "d13",
      "printf 'debian ALL=(ALL) NOPASSWD:ALL\\n' >/etc/sudoers.d/90-cloud-init-users; gpasswd -a debian sudo",
    );
    const verify = await project.run("verify", "--server", "d13");
    expect(verify.status).toBe(1);
    expect(verify.stdout).toContain("sudo-no-other-rules");
    const up = await project.run("up", "--yes", "--server", "d13");
    expect(up.status, up.stdout).toBe(0);
    const { stdout } = await project.onServer("d13", "sudo -l -U debian");
    expect(stdout).toContain("not allowed");
  });
});

describe("how the first boot is judged", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLabServers({
      name: "judge",
      servers: [
        { name: "d12", image: "debian-12" },
        { name: "d13", image: "debian-13" },
      ],
      provider: { userData: "#cloud-config\n{}\n" },
    });
  });
  afterAll(async () => {
    await lab.stop();
  });

  /** A new first boot of the server with this user data; ends when its ssh server lets us in. */
  async function bootWith(server: string, userData: string): Promise<void> {
    const prepared = await lab.ssh(
      server,
      `printf '%b' '${userData.replaceAll("\n", "\\n")}' >/var/lib/cloud/seed/nocloud/user-data &&
       timeout 60 cloud-init status --wait >/dev/null; cloud-init clean --logs && rm -f ${MARKS} && touch /run/earlier-boot`,
      { timeoutMs: 90_000 },
    );
    expect(prepared.status, prepared.stderr).toBe(0);
    await lab.provider.reboot(lab.server(server).machine, "soft", lab.context);
    const deadline = Date.now() + 90_000;
    for (;;) {
      const { status } = await lab.ssh(server, "! [ -e /run/earlier-boot ]");
      if (status === 0) return;
      if (Date.now() > deadline) throw new Error(`${server} did not come back`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  /** What the first-boot resource reports, and what it printed meanwhile. */
  async function judge(
    server: string,
    limitSeconds = 300,
  ): Promise<{ readonly report: ResourceReport | undefined; readonly said: string }> {
    const { target, sshOptions } = lab.server(server);
    const host = await openHost(
      openSsh({ controlDirectory: `${lab.directory}/c` }),
      target,
      // A busy computer takes its time.
      { ...sshOptions, connectTimeoutMs: 60_000 },
    );
    try {
      const [resource] = firstBootResources(host.facts, limitSeconds);
      if (resource === undefined) throw new Error("no cloud-init on the host");
      const program = compileProgram([resource], {
        title: "first boot",
        mode: "apply",
        distro: debian(),
        facts: host.facts,
      });
      const said: string[] = [];
      const { resources } = await host.runProgram(program, {
        timeoutMs: 400_000,
        onMessage: (message) => {
          if (message.kind === "output") said.push(message.line);
        },
      });
      return { report: resources[0], said: said.join("\n") };
    } finally {
      await host.close();
    }
  }

  it("done: nothing more is said", async () => {
    await bootWith("d13", "#cloud-config\nlocale: false\n");
    const { report, said } = await judge("d13");
    expect(report?.status, said).toBe("changed");
    expect(said).not.toContain("warning");
  });

  it("errors that it got over (exit status 2): a warning with its own words", async () => {
    await bootWith("d13", "#cloud-config\nlocale: false\nnosuchmodule: {a: 1}\n");
    const { report, said } = await judge("d13");
    expect(report?.status, said).toBe("changed");
    expect(said).toContain("warning: cloud-init got over errors of its own");
    expect(said).toMatch(/nosuchmodule|schema/u);
  });

  it("an error that is harmless, with its reason, on Debian 12; no unit stays failed", async () => {
    // No libc has it, so cc_locale fails: as on images without the package locales.
    await bootWith("d12", "#cloud-config\nlocale: xx_XX.UTF-8\n");
    const { report, said } = await judge("d12");
    expect(report?.status, said).toBe("changed");
    expect(said).toContain("nothing that matters here failed");
    expect(said).toContain("locale");
    const { stdout } = await lab.ssh("d12", "systemctl --failed --no-legend --plain 'cloud-*'");
    expect(stdout.trim()).toBe("");
  });

  /** On both at once: what takes its time here is the waiting. */
  async function onBoth(work: (server: string) => Promise<void>): Promise<void> {
    await Promise.all(["d12", "d13"].map(work));
  }

  it("a script of the user's that fails: an error", () =>
    onBoth(async (server) => {
      await bootWith(server, "#cloud-config\nlocale: false\nruncmd:\n  - exit 7\n");
      const { report } = await judge(server);
      expect(report?.status, server).toBe("failed");
      expect(report?.output?.join("\n")).toMatch(/scripts[_-]user/u);
      expect(report?.output?.join("\n")).toContain("cloud-init-accepted");
      // The way out that the message names.
      await lab.ssh(server, "touch /var/lib/bootmachine/cloud-init-accepted");
      expect((await judge(server)).report?.status, server).toBe("changed");
    }));

  it("one that never ends: given up at the limit", () =>
    onBoth(async (server) => {
      await bootWith(server, "#cloud-config\nlocale: false\nruncmd:\n  - sleep 600\n");
      const { report, said } = await judge(server, 10);
      expect(report?.status, server).toBe("failed");
      expect(said).toContain("waiting for cloud-init");
      expect(report?.output?.join("\n")).toContain("did not finish within 10 s; it is at:");
      expect(report?.output?.join("\n")).toContain("status: running");
      await lab.ssh(server, "pkill -f 'sleep 600'");
    }));
});
