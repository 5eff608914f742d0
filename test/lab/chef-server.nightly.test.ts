import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { writeRecipe, writeStarterKit } from "./chef/chef-tree.ts";
import { type DownloadService, startDownloadService } from "./chef/download-service.ts";
import { exportPolicy } from "./chef/exported-policy.ts";
import { buildLookAlike, buildLookAlikeServer } from "./chef/look-alike-package.ts";
import { type StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { outcomes, toolReport } from "./tool-report.ts";
import {
  createToolStack,
  expectFromNothing,
  expectNothingToDo,
  TOOL_SERVERS,
} from "./tool-stack.ts";

/** A test makes four servers, or runs the client on them several times. */
const LIMIT = { timeout: 1_200_000 };

const CERTIFICATE = "/etc/cinc/trusted_certs/bootmachine-server.crt";

describe("chef with a server on the master, on four servers of Debian 12 and 13", LIMIT, () => {
  tested({
    what: "chef with a server",
    how: "look-alike",
    on: ["Debian 12", "Debian 13"],
    note: "packages of our own with the paths and commands of Cinc Client 18 and Cinc Server 15; the server checks every signature",
  });
  let work: string;
  let service: DownloadService;
  let project: StackProject;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "bootmachine-chef-"));
    service = await startDownloadService(
      buildLookAlike(work, "18.7.10"),
      buildLookAlikeServer(work, "15.10.91"),
    );
    project = await createToolStack(
      { name: "chef", tree: "./chef", downloadService: service.url, server: {} },
      {
        master: "boss",
        servers: TOOL_SERVERS.map((server) =>
          server.name === "boss" ? { ...server, size: "unlimited" } : server,
        ),
      },
    );
    await writeStarterKit(project.directory);
  });
  afterAll(async () => {
    await project.remove();
    await service.stop();
    await rm(work, { recursive: true, force: true });
  });

  /** Asks the server something as a member, with its own key and its own certificates. */
  const ask = (server: string, request: string, key = "/etc/cinc/client.pem") =>
    project.onServer(
      server,
      `ruby -rnet/http -rjson -ruri -r/opt/cinc/look-alike/signature -e '
server = LookAlike::Connection.new(url: "https://boss/organizations/main", user: "${server}", key_file: "${key}", certificates: "/etc/cinc/trusted_certs")
begin
  puts server.call(${request}).inspect
rescue LookAlike::Connection::Refused => e
  puts e.message
end' 2>&1`,
    );

  it("goes from nothing to proved, and the starter kit's first run changes nothing", async () => {
    await expectFromNothing(project, { install: "changed", enroll: "changed" });
    const agents = await project.run("configurator", "agents");
    expect(agents.status, story(agents)).toBe(0);
    for (const { name } of TOOL_SERVERS) {
      expect(agents.stdout).toMatch(new RegExp(`${name} +accepted`));
    }
    // The organization's validator is gone: nobody registers by himself.
    expect(agents.stdout).not.toContain("main-validator");
  });

  it("does nothing the second time", async () => {
    await expectNothingToDo(project);
  });

  it("lets each client do what is its own, and nobody in without the key that was registered", async () => {
    expect((await ask("web1", '"GET", "/nodes/web1"')).stdout).toContain('"name"=>"web1"');
    expect((await ask("web1", '"GET", "/nodes/db1"')).stdout).toMatch(/^403 .*another's/);
    const strange = "openssl genrsa -out /root/strange.pem 2048 2>/dev/null";
    await project.onServer("web1", strange);
    const refused = await ask("web1", '"GET", "/nodes/web1"', "/root/strange.pem");
    expect(refused.stdout).toMatch(/^401 .*does not fit the key/);
    const registers = await ask("web1", '"POST", "/clients", { "name" => "rogue" }');
    expect(registers.stdout).toMatch(/^403 /);
    const modes = await project.onServer("web1", "stat -c %a%U /etc/cinc/client.pem");
    expect(modes.stdout).toBe("600root\n");
    // The private key of nobody lies on the master but the master's own.
    const keys = await project.onServer("boss", "grep -rl 'PRIVATE KEY' /var/lib/bootmachine");
    expect(keys.stdout).toBe("");
  });

  it("runs a changed tree from the server, once it is uploaded", async () => {
    await writeRecipe(project.directory, "web", "file '/etc/web' do\n  content 'one'\nend\n");
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const changed = (server: string) =>
      toolReport(up.events, server, "changed").map(({ id }) => id);
    expect(changed("web1")).toEqual(["file[/etc/web] create"]);
    expect(changed("web2")).toEqual(["file[/etc/web] create"]);
    expect(changed("db1")).toEqual([]);
    expect((await project.onServer("web1", "ls /var/lib/bootmachine/chef/tree")).status).not.toBe(
      0,
    );
  });

  it("has a changed tree by a push, and nothing is run", async () => {
    await writeRecipe(project.directory, "web", "file '/etc/web' do\n  content 'two'\nend\n");
    const push = await project.run("configurator", "push");
    expect(push.status, story(push)).toBe(0);
    expect(push.stdout).toContain("cookbooks/site/recipes/web.rb");
    expect((await project.onServer("web1", "cat /etc/web")).stdout).toBe("one");
    const client = await project.onServer("web1", "cinc-client --no-color");
    expect(client.status, client.stdout).toBe(0);
    expect((await project.onServer("web1", "cat /etc/web")).stdout).toBe("two");
  });

  it("waits for a server that does not answer, and tries again", async () => {
    const shut = await project.onServer(
      "boss",
      "nft 'table inet shut { chain in { type filter hook input priority -300; tcp dport 443 reject with tcp reset; }; }'",
    );
    expect(shut.status).toBe(0);
    let opened: Promise<unknown> | undefined;
    const { result } = project.start(["configurator", "run", "--server", "web1", "--json"], {
      onEvent: (event) => {
        if (event.type !== "step" || !event.text.includes("does not answer")) return;
        opened ??= project.onServer("boss", "nft delete table inet shut");
      },
    });
    const run = await result;
    await opened;
    expect(opened, story(run)).toBeDefined();
    expect(run.status, story(run)).toBe(0);
    expect(run.events).toContainEqual(
      expect.objectContaining({
        type: "step",
        server: "web1",
        text: expect.stringContaining("(Connection refused): trying again") as string,
      }),
    );
  });

  it("restarts the server, and counts nobody else", async () => {
    const restart = await project.run("configurator", "restart", "--json");
    expect(restart.status, story(restart)).toBe(0);
    expect(outcomes(restart.events, "boss")).toEqual({ configure: "changed" });
    for (const name of ["web1", "web2", "db1"]) {
      expect(outcomes(restart.events, name), name).toEqual({ configure: "unchanged" });
    }
  });

  it("is not proved with a client that somebody has registered, such as a validator made again", async () => {
    const registered = await project.onServer(
      "boss",
      // It was restarted a moment ago.
      "for i in $(seq 30); do bash -c ': >/dev/tcp/boss/443' 2>/dev/null && break; sleep 1; done; openssl genrsa 2048 2>/dev/null | openssl rsa -pubout 2>/dev/null >/root/strange.pub && /opt/cinc-project/embedded/bin/knife client create main-validator --public-key /root/strange.pub --disable-editing --config /var/lib/bootmachine/chef-server/knife.rb",
    );
    expect(registered.status, registered.stdout).toBe(0);
    const agents = await project.run("configurator", "agents");
    expect(agents.status).toBe(1);
    expect(agents.stdout).toMatch(/main-validator +accepted +A STRANGER'S/);
    const verify = await project.run("verify", "--server", "boss");
    expect(verify.status, story(verify)).toBe(1);
    expect(verify.stdout).toContain("configurator-clients");
    expect(verify.stdout).toContain("clients that are no members: main-validator");
    const revoked = await project.run("configurator", "revoke", "main-validator", "--yes");
    expect(revoked.stdout, story(revoked)).toContain("main-validator: revoked.");
    const again = await project.run("verify", "--server", "boss");
    expect(again.status, story(again)).toBe(0);
  });

  it("brings back a key that was lost, a client that was revoked and a certificate that is another", async () => {
    await project.onServer("web1", "rm /etc/cinc/client.pem");
    await project.onServer("db1", `echo other >${CERTIFICATE}`);
    const revoked = await project.run("configurator", "revoke", "web2", "--yes");
    expect(revoked.status, story(revoked)).toBe(0);
    expect((await ask("web2", '"GET", "/nodes/web2"')).stdout).toMatch(/^401 /);
    const verify = await project.run("verify", "--server", "web1");
    expect(verify.stdout).toContain("configurator-client-key");
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    for (const name of ["web1", "web2", "db1"]) {
      expect(outcomes(up.events, name), name).toMatchObject({ enroll: "changed" });
      expect((await ask(name, `"GET", "/nodes/${name}"`)).stdout).toContain(`"name"=>"${name}"`);
    }
    expect(outcomes(up.events, "boss")).toMatchObject({ enroll: "unchanged" });
  });

  it("forgets the client and the node of a server that is destroyed, and takes in its successor", async () => {
    const gone = await project.run("destroy", "--yes", "--server", "web2");
    expect(gone.status, story(gone)).toBe(0);
    const knows = (kind: string) =>
      project.onServer(
        "boss",
        `/opt/cinc-project/embedded/bin/knife ${kind} list --config /var/lib/bootmachine/chef-server/knife.rb`,
      );
    expect((await knows("client")).stdout.split("\n")).not.toContain("web2");
    expect((await knows("node")).stdout.split("\n")).not.toContain("web2");
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(0);
    expect((await ask("web2", '"GET", "/nodes/web2"')).stdout).toContain('"name"=>"web2"');
  });

  it("runs an exported policy from the server", async () => {
    const policy = { name: "site", group: "local", revision: "0123456789" };
    await exportPolicy(join(project.directory, "chef"), policy, [
      "recipe[bootmachine]",
      "recipe[site]",
    ]);
    const configurator = project.config["configurator"] as object;
    project.config = {
      ...project.config,
      configurator: { ...configurator, policy: { name: "site" } },
    };
    await project.write();
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    for (const { name } of TOOL_SERVERS) {
      expect(toolReport(up.events, name, "changed"), name).toEqual([]);
      expect(toolReport(up.events, name, "ok").length, name).toBeGreaterThan(10);
    }
  });
});
