import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountResources } from "../../src/baseline/account-resources.ts";
import { groundResources } from "../../src/baseline/ground-resources.ts";
import { prepareResources } from "../../src/baseline/prepare-resources.ts";
import { openHost } from "../../src/host/open-host.ts";
import type { Host } from "../../src/host/host.ts";
import { compileProgram } from "../../src/program/compile-program.ts";
import type { ProgramMode } from "../../src/program/program.ts";
import type { ProgramReport } from "../../src/program/report.ts";
import type { Resource } from "../../src/program/resource.ts";
import { contextFixture, serverFixture } from "../golden/baseline/fixture.ts";
import { AccessLab, OLD_WAY } from "./access-lab.ts";

let lab: AccessLab;
beforeAll(async () => {
  lab = await AccessLab.start();
});
afterAll(async () => {
  await lab.end();
});

function runResources(
  host: Host,
  mode: ProgramMode,
  resources: readonly Resource[],
): Promise<ProgramReport> {
  const { distro } = contextFixture("13");
  const program = compileProgram(resources, {
    title: "baseline test",
    mode,
    distro,
    facts: host.facts,
  });
  return host.runProgram(program, { timeoutMs: 280_000 });
}

/** What a report says of resources that are not as wanted. */
function differing(report: ProgramReport): readonly string[] {
  return report.resources
    .filter(({ status }) => status !== "ok" && status !== "skipped")
    .map(({ id, status, output }) => [id, status, ...(output ?? [])].join(" "));
}

describe.concurrent("prepare, the ground of secure and the accounts", () => {
  it.each(["debian-13", "debian-12", "debian-11"])(
    "%s: from nothing to as declared; the second time nothing differs",
    async (image) => {
      const server = await lab.boot(image);
      const host = await openHost(
        lab.transport,
        { server: server.name, address: server.address, ...OLD_WAY },
        lab.sshOptions(server.name),
      );
      const context = {
        ...contextFixture("13"),
        server: serverFixture({
          name: server.name,
          locale: "de_DE.UTF-8",
          timezone: "Europe/Berlin",
        }),
        facts: host.facts,
      };
      const resources = [
        ...prepareResources(context),
        ...groundResources(context),
        ...accountResources(context, "final"),
      ];
      const first = await runResources(host, "apply", resources);
      expect(differing(first).filter((line) => !line.endsWith(" changed"))).toEqual([]);
      const second = await runResources(host, "check", resources);
      expect(differing(second)).toEqual([]);
      // A container says what is not its own to set.
      expect(second.resources.find(({ id }) => id === "sysctl kernel")).toMatchObject({
        status: "skipped",
        reason: "kernel settings of the whole computer, not of a container",
      });
      const seen = await host.run(
        "uname -n; date +%Z; . /etc/default/locale; echo $LANG; sudo -n -u ada sudo -n id -u; getent shadow ada deploy | cut -d: -f2; systemctl is-enabled apt-daily-upgrade.timer",
      );
      expect(seen.stdout).toBe(`${server.name}\nCET\nde_DE.UTF-8\n0\n*\n*\nenabled\n`);

      // An upgrade that was killed half-way: dpkg refuses to go on until it is mended, and the next run does that.
      await host.run(`cd /tmp && mkdir -p half/DEBIAN && printf 'Package: bootmachine-half\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@example.org>\\nDescription: half\\n' >half/DEBIAN/control
printf '#!/bin/sh\\n[ -e /tmp/whole ]\\n' >half/DEBIAN/postinst && chmod 0755 half/DEBIAN/postinst && dpkg-deb -b half half.deb >/dev/null
dpkg -i half.deb >/dev/null 2>&1; touch /tmp/whole`);
      const upgrade = resources.filter(({ type }) => type === "upgrade");
      expect(differing(await runResources(host, "check", upgrade)).join()).toMatch(/differs/u);
      expect(differing(await runResources(host, "apply", upgrade))).toEqual([
        "upgrade all changed",
      ]);
      const status = await host.run("dpkg-query -W -f='${Status}' bootmachine-half");
      expect(status.stdout).toBe("install ok installed");
      await host.close();
    },
  );
});
