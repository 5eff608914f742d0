import { rm } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { type ServedRepository, serveRepository } from "./apt/serve-repository.ts";
import { buildOpenvoxLookAlike } from "./puppet/openvox-look-alike.ts";
import { writeStarterKit } from "./puppet/puppet-tree.ts";
import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";

tested({
  what: "puppet, packages of OpenVox",
  how: "look-alike",
  on: ["Debian 12", "Debian 13"],
  note: "packages of our own with OpenVox's names, paths and commands, and Debian's Puppet behind them, from an apt repository of our own",
});

const SERVERS = [
  { name: "hub", image: "debian-13" },
  { name: "web1", image: "debian-12", roles: ["web"] },
];
const LIMIT = { timeout: 1_800_000 };

/** What the agents say that they have changed, or could not. */
function changesOf(events: readonly FleetEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === "resource" &&
    event.tool === "puppet" &&
    !["ok", "skipped"].includes(event.status)
      ? [`${event.server}: ${event.id} ${event.status}`]
      : [],
  );
}

describe("puppet with OpenVox's packages, from a mirror with a key of its own", () => {
  let directory: string;
  let repository: ServedRepository;
  let project: StackProject;
  beforeAll(async () => {
    const built = await buildOpenvoxLookAlike();
    ({ directory } = built);
    repository = await serveRepository(built);
    project = await StackProject.create("openvox", SERVERS, {
      master: "hub",
      configurator: {
        name: "puppet",
        repository: { url: repository.url, key: repository.key },
        tree: "./puppet",
        heapMb: 384,
      },
      upgrades: { atBoot: "none" },
    });
    await project.bePatient();
    await writeStarterKit(project.directory);
  });
  afterAll(async () => {
    await project.remove();
    await repository.stop();
    await rm(directory, { recursive: true });
  });

  it(
    "goes from nothing to proved, and the starter kit's first run changes nothing",
    LIMIT,
    async () => {
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      expect(changesOf(up.events)).toEqual([]);
      const looked = up.events.filter(
        (event) => event.type === "resource" && event.tool === "puppet",
      );
      expect(looked.length).toBeGreaterThan(40);
    },
  );

  it(
    "has everything where OpenVox has it, and trusts its repository by its own key alone",
    LIMIT,
    async () => {
      const { stdout } = await project.onServer(
        "web1",
        "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' openvox-agent; cd /etc/puppetlabs/puppet && stat -c '%F %n' . puppet.conf ssl/certs/web1.pem; cat /etc/apt/sources.list.d/*openvox*",
      );
      expect(stdout).toContain("openvox-agent installed");
      expect(stdout).toContain(
        "directory .\nregular file puppet.conf\nregular file ssl/certs/web1.pem",
      );
      expect(stdout).toContain("Suites: debian12");
      expect(stdout).toMatch(/^Signed-By:/m);
      const hub = await project.onServer(
        "hub",
        "ls /etc/puppetlabs/puppetserver/ca/signed; readlink -f /etc/puppetlabs/code/environments/production/manifests; readlink -f /usr/bin/java",
      );
      expect(hub.stdout).toContain("web1.pem");
      expect(hub.stdout).toContain("/etc/puppetlabs/code/environments/");
      expect(hub.stdout).toContain("java-21");
    },
  );

  it("does nothing the second time, and loses no trust when it is restarted", LIMIT, async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(
      up.events.filter((event) => event.type === "phase-ended" && event.outcome === "changed"),
    ).toEqual([]);
    const restart = await project.run("configurator", "restart");
    expect(restart.status, story(restart)).toBe(0);
    const run = await project.run("configurator", "run", "--server", "web1");
    expect(run.status, story(run)).toBe(0);
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
  });

  it("revokes the certificate of a destroyed server", LIMIT, async () => {
    const destroyed = await project.run("destroy", "--yes", "--server", "web1");
    expect(destroyed.status, story(destroyed)).toBe(0);
    const { stdout } = await project.onServer("hub", "ls /etc/puppetlabs/puppetserver/ca/signed");
    expect(stdout).not.toContain("web1.pem");
  });
});
