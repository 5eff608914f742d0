import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { writeRecipe, writeStarterKit } from "./chef/chef-tree.ts";
import { type DownloadService, startDownloadService } from "./chef/download-service.ts";
import { exportPolicy } from "./chef/exported-policy.ts";
import { buildLookAlike } from "./chef/look-alike-package.ts";
import { type DriftReport, expectMended } from "./baseline-drift.ts";
import { memberLines } from "./known-members.ts";
import { type StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { outcomes, toolReport } from "./tool-report.ts";
import { createToolStack, expectFromNothing, TOOL_SERVERS } from "./tool-stack.ts";

tested({
  what: "chef",
  how: "look-alike",
  on: ["Debian 12", "Debian 13"],
  note: "a package of our own with the paths and the command of Cinc Client 18",
});

/** What the tool itself says that it has changed. */
function toolChanges(events: readonly FleetEvent[], server: string): readonly string[] {
  return toolReport(events, server, "changed").map(({ id }) => id);
}

/** How the client says that it has mended what drifted. */
const MENDED: DriftReport = {
  account: "linux_user[grace] action create (updated)",
  membership: "group[members of adm] action manage (updated)",
  group: "group[builders] action create (updated)",
  sudo: "file[/etc/sudoers.d/bootmachine-ada] action create (updated)",
  sshd: "file[/etc/ssh/sshd_config.d/00-bootmachine.conf] action create (updated)",
  "automatic upgrades": "file[/etc/apt/apt.conf.d/52bootmachine] action create (updated)",
  firewall: /execute\[firewall live rules\] .*\(updated\)/,
  "kernel setting": /execute\[sysctl network\] .*\(updated\)/,
  "kernel settings' file":
    "file[/etc/sysctl.d/60-bootmachine-network.conf] action create (updated)",
  "time zone": "link[/etc/localtime] action create (updated)",
  locale: /execute\[locale\] .*\(updated\)/,
  "host name": /execute\[host name of the running system\] .*\(updated\)/,
};

describe(
  "chef with a look-alike of Cinc Client, on four servers of Debian 12 and 13",
  { timeout: 1_200_000 },
  () => {
    let work: string;
    let service: DownloadService;
    let project: StackProject;
    beforeAll(async () => {
      work = await mkdtemp(join(tmpdir(), "bootmachine-chef-"));
      service = await startDownloadService(buildLookAlike(work, "18.7.10"));
      project = await createToolStack({
        name: "chef",
        tree: "./chef",
        downloadService: service.url,
      });
      await writeStarterKit(project.directory);
    });
    afterAll(async () => {
      await project.remove();
      await service.stop();
      await rm(work, { recursive: true, force: true });
    });

    it("goes from nothing to proved, and the starter kit's first run changes nothing", async () => {
      await expectFromNothing(project, { install: "changed", configure: "unchanged" });
      expect(service.requests).toContainEqual({ line: "GET /cinc.deb", from: "server" });
      expect(service.requests).not.toContainEqual({ line: "GET /cinc.deb", from: "here" });
    });

    it("looked at all of the baseline in that run", async () => {
      const { stdout } = await project.onServer("web1", "cat /var/lib/bootmachine/tool/result");
      const report = JSON.parse(stdout) as {
        readonly changes: readonly { readonly id: string; readonly status: string }[];
      };
      const looked = report.changes.filter(({ status }) => status === "ok").map(({ id }) => id);
      expect(looked).toContain("linux_user[grace] create");
      expect(looked).toContain("file[/etc/ssh/sshd_config.d/00-bootmachine.conf] create");
      expect(looked).toContain("file[/etc/sudoers.d/bootmachine-ada] create");
      expect(looked.length).toBeGreaterThan(12);
      expect(report.changes.filter(({ status }) => status === "failed")).toEqual([]);
    });

    it("runs recipes by role, with members and roles as attributes", async () => {
      await writeRecipe(
        project.directory,
        "web",
        `file '/etc/members' do
  content node['bootmachine']['members'].map { |each| "#{each['server']} public #{each['public_addresses'].join(',')} private #{each['private_addresses'].join(',')}\\n" }.join
  mode '0644'
end
`,
      );
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      expect(toolChanges(up.events, "web1")).toEqual(["file[/etc/members] create"]);
      expect(toolChanges(up.events, "web2")).toEqual(["file[/etc/members] create"]);
      expect(toolChanges(up.events, "db1")).toEqual([]);
      const { stdout } = await project.onServer("web2", "cat /etc/members");
      expect(stdout.split("\n")).toHaveLength(TOOL_SERVERS.length + 1);
      expect(stdout).toBe(await memberLines(project));
    });

    it("mends drift of the baseline by its own run", async () => {
      // One of each release.
      for (const server of ["db1", "web2"]) {
        await expectMended(project, server, MENDED, async () => {
          const client = await project.onServer(server, "cinc-client --no-color");
          expect(client.status, client.stdout).toBe(0);
          return client.stdout.split("\n");
        });
        const up = await project.run("up", "--yes", "--json", "--server", server);
        expect(Object.values(outcomes(up.events, server))).not.toContain("changed");
      }
    });

    it("tells of a wrong recipe in the client's own words, and of the place in it", async () => {
      await writeRecipe(project.directory, "front-end", "fil '/etc/typo' do\nend\n");
      const up = await project.run("up", "--yes");
      expect(up.status, story(up)).toBe(1);
      // Ruby 3.1 says over several lines what may have been meant.
      expect(up.stdout).toMatch(
        /NoMethodError: undefined method .fil' for [\s\S]*site\/recipes\/front-end\.rb:1/,
      );
      const verify = await project.run("verify", "--server", "web1");
      expect(verify.status).toBe(1);
      expect(verify.stdout).toContain("configurator-last-run");
    });

    it("shows a resource that fails, and what it had done until then", async () => {
      await writeRecipe(
        project.directory,
        "front-end",
        "file '/etc/first' do\n  content 'one'\nend\n\nfile '/nowhere/second' do\n  content 'two'\nend\n",
      );
      const up = await project.run("up", "--yes", "--json");
      expect(up.status).toBe(1);
      expect(toolChanges(up.events, "web1")).toEqual(["file[/etc/first] create"]);
      expect(up.events).toContainEqual(
        expect.objectContaining({
          type: "resource",
          tool: "chef",
          server: "web1",
          id: "file[/nowhere/second] create",
          status: "failed",
          output: [expect.stringContaining("Parent directory /nowhere does not exist") as string],
        }),
      );
    });

    it("does not reboot where the config says never, whoever asks for it, and says so", async () => {
      const { upgrades } = project.config;
      project.config = { ...project.config, upgrades: { atBoot: "none", reboot: "never" } };
      await project.write();
      await writeRecipe(
        project.directory,
        "front-end",
        "reboot 'after the kernel' do\n  reason 'a new kernel'\n  action :request_reboot\nend\n",
      );
      const began = await project.onServer("web1", "cut -d ' ' -f 22 /proc/1/stat");
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      expect(up.events).toContainEqual(
        expect.objectContaining({
          type: "note",
          server: "web1",
          level: "warning",
          text: "chef asks for a reboot, and the config says never.",
        }),
      );
      const now = await project.onServer("web1", "cut -d ' ' -f 22 /proc/1/stat");
      expect(now.stdout).toBe(began.stdout);
      project.config = { ...project.config, upgrades };
      await project.write();
    });

    it("reboots where a recipe asks for it, and proves that", async () => {
      await writeRecipe(
        project.directory,
        "front-end",
        `reboot 'after the kernel' do
  reason 'a new kernel'
  action :request_reboot
  not_if { File.exist?('/etc/rebooted') }
end

file '/etc/rebooted' do
  content 'once'
end
`,
      );
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      expect(up.events).toContainEqual(
        expect.objectContaining({
          type: "step",
          server: "web1",
          text: expect.stringMatching(/^reboot/) as string,
        }),
      );
    });

    it("waits for another run of the client, and tries again", async () => {
      await writeRecipe(project.directory, "front-end", "log 'once more'\n");
      await project.onServer(
        "web1",
        "touch /run/held; systemd-run --quiet --collect flock /var/cinc/client-running.pid sh -c 'while [ -e /run/held ]; do sleep 1; done'",
      );
      let release: Promise<unknown> | undefined;
      const { result } = project.start(["up", "--yes", "--json", "--server", "web1"], {
        onEvent: (event) => {
          if (event.type !== "step" || !event.text.includes("in progress")) return;
          release ??= project.onServer("web1", "rm /run/held");
        },
      });
      const up = await result;
      await release;
      expect(release, "it was told that it has to wait").toBeDefined();
      expect(up.status, story(up)).toBe(0);
    });

    it("refuses a package that is not what its checksum says", async () => {
      await project.onServer("db1", "apt-get -qq -y purge cinc");
      service.isSpoiled = true;
      const up = await project.run("up", "--yes", "--server", "db1");
      expect(up.status).toBe(1);
      expect(up.stdout).toContain("the package is not what its checksum says");
      service.isSpoiled = false;
      expect((await project.onServer("db1", "test -e /usr/bin/cinc-client")).status).not.toBe(0);
    });

    it("has the package brought by this computer where the server cannot reach it", async () => {
      service.shutOutServers = true;
      service.requests.splice(0);
      const up = await project.run("up", "--yes", "--json", "--server", "db1");
      service.shutOutServers = false;
      expect(up.status, story(up)).toBe(0);
      expect(service.requests).toContainEqual({ line: "GET /cinc.deb", from: "here" });
      const { stdout } = await project.onServer("db1", "cinc-client --version");
      expect(stdout).toContain("18.7.10");
    });

    it("runs an exported policy, and no run list beside it", async () => {
      const local = project.config["configurator"] as object;
      await cp(join(project.directory, "chef"), join(project.directory, "exported"), {
        recursive: true,
      });
      const policy = { name: "site", group: "staging", revision: "0123456789" };
      await exportPolicy(join(project.directory, "exported"), policy, ["recipe[site::policy]"]);
      await writeFile(
        join(project.directory, "exported/cookbook_artifacts/site-01234567894/recipes/policy.rb"),
        "file '/etc/policy' do\n  content node['bootmachine']['server']\nend\n",
      );
      const { name, group } = policy;
      project.config = {
        ...project.config,
        configurator: { ...local, tree: "./exported", policy: { name, group } },
      };
      await project.write();
      const up = await project.run("up", "--yes", "--json");
      expect(up.status, story(up)).toBe(0);
      for (const { name: server } of TOOL_SERVERS) {
        expect(toolChanges(up.events, server)).toEqual(["file[/etc/policy] create"]);
        expect(toolReport(up.events, server, "ok"), server).toEqual([]);
      }
      project.config = { ...project.config, configurator: local };
      await project.write();
    });

    it("is told before anything is touched that a cookbook is missing", async () => {
      const good = project.config["configurator"];
      project.config = {
        ...project.config,
        configurator: { ...(good as object), runList: ["recipe[bootmachine]", "recipe[nginx]"] },
      };
      await project.write();
      const plan = await project.run("plan");
      expect(plan.status).toBe(2);
      expect(plan.stderr + plan.stdout).toContain('has no cookbook "nginx"');
      project.config = { ...project.config, configurator: good };
      await project.write();
    });
  },
);
