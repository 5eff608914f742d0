import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { groundResources } from "../../src/baseline/ground-resources.ts";
import { debian } from "../../src/distros/debian.ts";
import { openHost } from "../../src/host/open-host.ts";
import { compileProgram } from "../../src/program/compile-program.ts";
import { contextFixture } from "../golden/baseline/fixture.ts";
import { AccessLab, type AccessServer, NEW_WAY, OLD_WAY } from "./access-lab.ts";

let lab: AccessLab;
beforeAll(async () => {
  lab = await AccessLab.start();
});
afterAll(async () => {
  await lab.end();
});

const INSTALL_LIMIT_MS = 280_000;
const MARTIANS = "cat /proc/sys/net/ipv4/conf/all/log_martians";

/** As root by the old way: a command, and the kernel settings of the baseline, which come before each access change. */
async function prepare(server: AccessServer, commands: string): Promise<void> {
  const host = await openHost(
    lab.transport,
    { server: server.name, address: server.address, ...OLD_WAY },
    lab.sshOptions(server.name),
  );
  try {
    const { status, stdout, stderr } = await host.run(
      `export DEBIAN_FRONTEND=noninteractive; ${commands}`,
      { timeoutMs: INSTALL_LIMIT_MS },
    );
    if (status !== 0) throw new Error(`${commands}: ${stdout}${stderr}`);
    const report = await host.runProgram(
      compileProgram(
        groundResources({ ...contextFixture("12"), facts: host.facts }).filter(
          ({ type }) => type === "sysctl",
        ),
        { title: "ground", mode: "apply", distro: debian(), facts: host.facts },
      ),
      { timeoutMs: 60_000 },
    );
    expect(report.status).toBe(0);
  } finally {
    await host.close();
  }
}

const FIREWALLS = [
  {
    name: "ufw",
    start:
      "apt-get -qq install -y ufw >/dev/null && ufw allow 22/tcp && ufw allow 9999/tcp && ufw --force enable",
    rules: "ufw status | grep -E '^[0-9]+' | awk '{ print $1 }' | sort -u",
    wanted: "2849/tcp\n8080/tcp\n",
  },
  {
    name: "firewalld",
    start: "apt-get -qq install -y firewalld >/dev/null && systemctl start firewalld",
    rules:
      "firewall-cmd --get-default-zone; firewall-cmd --list-ports | tr ' ' '\\n' | sort; firewall-cmd --list-services",
    wanted: "bootmachine\n2849/tcp\n8080/tcp\n\n",
  },
] as const;

describe.each(FIREWALLS)("a host with $name", ({ start, rules, wanted }) => {
  it.each(["debian-12", "debian-13"])(
    "%s: it is told the whole truth, goes back with the rest, and says the same after a reboot",
    async (image) => {
      const server = await lab.boot(image);
      await prepare(server, `apt-get -qq update && ${start}`);
      const before = [await server.state(OLD_WAY), await server.over(OLD_WAY, rules)];
      const blocked = await server.secure({
        operatorKeys: [`from="192.0.2.1" ${server.key}`],
        openPorts: [8080],
        connectTimeoutMs: 8_000,
      });
      expect(blocked.error?.code).toBe("ACCESS_ROLLED_BACK");
      expect([await server.state(OLD_WAY), await server.over(OLD_WAY, rules)]).toEqual(before);

      // With its old files ufw has set its own kernel settings again.
      await prepare(server, "true");
      const secured = await server.secure({ openPorts: [8080] });
      expect(secured).toMatchObject({ outcome: NEW_WAY, error: undefined });
      expect(await server.over(NEW_WAY, rules)).toBe(wanted);
      // No second firewall beside it.
      expect(await server.over(NEW_WAY, "nft list table inet bootmachine 2>/dev/null; true")).toBe(
        "",
      );
      expect(await server.opens(OLD_WAY)).toBe(false);
      expect(await server.over(NEW_WAY, MARTIANS)).toBe("1\n");

      await server.reboot();
      await server.waitFor(NEW_WAY, 60_000);
      expect(await server.over(NEW_WAY, MARTIANS)).toBe("1\n");
      expect(await server.over(NEW_WAY, rules)).toBe(wanted);
      const again = await server.secure({ openPorts: [8080], arrival: NEW_WAY });
      expect(again).toMatchObject({ steps: [], error: undefined });
    },
  );
});
