import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { buildSaltRepository } from "./salt/salt-repository.ts";
import { type ServedRepository, serveRepository } from "./apt/serve-repository.ts";
import { writeStarterKit } from "./salt/salt-tree.ts";
import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";

tested({
  what: "salt 3006, 3007 and 3008, from one to another",
  how: "real",
  on: ["Debian 12"],
  note: "Salt from PyPI with upstream's units, settings and maintainer scripts, from an apt repository of our own",
});

// Upstream's packages bring a Python of their own, these run under the distro's: 3006 and 3007 do not under Debian 13's 3.13.
const SERVERS = [
  { name: "boss", image: "debian-12", size: "medium" },
  { name: "web1", image: "debian-12", size: "small" },
];
/** Downloads of some 200 MB, where the packages are not there yet. */
const BUILD_LIMIT_MS = 2_400_000;
const LIMIT = { timeout: 1_800_000 };

/** What Salt itself says that it has changed, or could not. */
function changesOf(events: readonly FleetEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === "resource" && event.tool === "salt" && !["ok", "skipped"].includes(event.status)
      ? [`${event.server}: ${event.id} ${event.status}`]
      : [],
  );
}

describe("salt in three series, from one repository that has them all", () => {
  let repository: ServedRepository;
  let project: StackProject;
  beforeAll(async () => {
    repository = await serveRepository(await buildSaltRepository(["3006", "3007", "3008"]));
    project = await StackProject.create("series", SERVERS, {
      master: "boss",
      upgrades: { atBoot: "none" },
    });
    await project.bePatient();
    await writeStarterKit(project.directory);
  }, BUILD_LIMIT_MS);
  afterAll(async () => {
    await project.remove();
    await repository.stop();
  });

  // The first one is installed, the second is newer, the third older.
  it.each(["3006", "3008", "3007"])(
    "%s is what there is then, and all works",
    LIMIT,
    async (version) => {
      const { url, fingerprint } = repository;
      project.config = {
        ...project.config,
        configurator: {
          name: "salt",
          version,
          repository: { url, key: { url: `${url}key.asc`, fingerprint } },
        },
      };
      await project.write();
      const up = await project.run("up", "--yes", "--json", "--configure");
      expect(up.status, story(up)).toBe(0);
      expect(changesOf(up.events)).toEqual([]);
      for (const { name } of SERVERS) {
        const { stdout } = await project.onServer(
          name,
          "salt-minion --version; apt-cache policy salt-minion | grep Candidate; apt-get -s -qq dist-upgrade | grep salt || true",
        );
        expect(stdout).toMatch(
          new RegExp(`^salt-minion ${version}\\.\\S+ .*\\n +Candidate: ${version}\\.\\S+\\n$`),
        );
      }
      // Minions that were upgraded with their master take some moments to come back to it.
      await expect
        .poll(async () => await answeredVersions(project), { timeout: 120_000, interval: 5_000 })
        .toEqual([version, version]);
      const second = await project.run("up", "--yes", "--json");
      expect(second.status, story(second)).toBe(0);
      const changed = second.events.filter(
        (event) => event.type === "phase-ended" && event.outcome === "changed",
      );
      expect(changed).toEqual([]);
    },
  );
});

/** The series of those that answer the master, once each. */
async function answeredVersions(project: StackProject): Promise<readonly string[]> {
  const { stdout } = await project.onServer(
    "boss",
    "salt --out=json --static --timeout=60 '*' test.version",
  );
  const versions = Object.values(JSON.parse(stdout) as Record<string, string>);
  return versions.map((one) => one.split(".")[0] ?? one);
}
