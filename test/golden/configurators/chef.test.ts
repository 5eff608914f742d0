import { describe, expect, it } from "vitest";

import { serverData } from "../../../src/baseline/server-data.ts";
import { chef } from "../../../src/configurators/chef/chef.ts";
import type { ChefOptions } from "../../../src/configurators/chef/options.ts";
import type { ConfiguratorContext } from "../../../src/configurators/contract.ts";
import { contextFixture, factsFixture } from "../baseline/fixture.ts";
import { renderResources } from "../baseline/render-resources.ts";

const baseline = contextFixture("12");
const own = {
  server: "web1",
  roles: ["application"],
  isMaster: false,
  publicAddresses: [],
  privateAddresses: ["10.0.0.11"],
  address: "10.0.0.11",
  sshPort: 2849,
  hostKeys: [],
};
const context: ConfiguratorContext = {
  stack: "shop",
  operator: "ada",
  member: { ...own, facts: baseline.facts, data: serverData(baseline) },
  members: [own],
  master: undefined,
  controller: { directory: "/home/ada/shop", sshConfigFile: "/home/ada/shop/ssh_config" },
};

function on(osId: string, osVersion: string): ConfiguratorContext {
  const facts = factsFixture("13", { osId, osVersion, osPrettyName: `${osId} ${osVersion}` });
  return { ...context, member: { ...context.member, facts } };
}

function render(options: ChefOptions, of = context): string {
  const { facts, distro } = baseline;
  const configurator = chef(options);
  const downloads = (configurator.downloads?.(of) ?? []).map(
    ({ name, remote, source, unless }) =>
      `download "${name}"\n  remote: ${remote}\n  source: ${JSON.stringify(source)}\n  unless:\n${unless.replaceAll(/^/gm, "    | ")}\n`,
  );
  return [...downloads, renderResources(configurator.install(of), distro, facts)].join("\n");
}

const SHA256 = "0123456789abcdef".repeat(4);

describe("install", () => {
  it("Cinc by the download service", async () => {
    await expect(render({ tree: "chef" })).toMatchFileSnapshot("chef/install.txt");
  });
  it("Chef's own build, from a file that only the operator's computer has", async () => {
    await expect(
      render({
        product: "chef",
        acceptLicense: true,
        version: "18.7.10",
        packages: { "debian-12": { file: "chef.deb", sha256: SHA256 } },
        tree: "chef",
        policy: { name: "web" },
      }),
    ).toMatchFileSnapshot("chef/install-given.txt");
  });
  it("asks for each platform as the download service calls it", () => {
    expect(render({}, on("debian", "13"))).toContain("/stable/cinc/metadata?p=debian&pv=13&m=x86");
    expect(render({}, on("ubuntu", "24.04"))).toContain("metadata?p=ubuntu&pv=24.04&m=x86_64&v=18");
    expect(render({}, on("gentoo", "2.17"))).toContain('give one in `packages` as "gentoo-2.17"');
  });
});

describe("run", () => {
  const configurator = chef({
    tree: "./chef",
    roleRunLists: { application: ["role[app]"], database: ["role[db]"] },
  });
  it("the client, in local mode", async () => {
    const run = configurator.run([context]);
    await expect(`# ${run?.title}\n${run?.script}\n`).toMatchFileSnapshot("chef/run.sh");
  });
  it("what goes to the server with the tree", async () => {
    const [tree, data] = configurator.trees(context);
    expect(tree).toMatchObject({ local: "./chef", on: "member", modes: { "data_bags/**": "0600" } });
    const files = Object.fromEntries((data?.files ?? []).map(({ path, content }) => [path, content]));
    expect(JSON.parse(files["attributes.json"] ?? "")).toEqual(context.member.data);
    expect(JSON.parse(files["run-list.json"] ?? "")).toEqual({
      run_list: ["recipe[bootmachine]", "recipe[site]", "role[app]"],
    });
  });
  it("what is proved", async () => {
    const checks = configurator.verify(context);
    expect(checks.map(({ id }) => id)).toEqual(["client-installed", "last-run"]);
    await expect(
      checks.map(({ title, resource }) => `# ${title}\n${resource.check}\n`).join("\n"),
    ).toMatchFileSnapshot("chef/verify.sh");
  });
});

describe("with a server", () => {
  const options: ChefOptions = { tree: "chef", server: {} };
  const boss = { ...own, server: "boss", roles: [], isMaster: true, address: "10.0.0.10" };
  const member = { ...context, members: [boss, own], master: boss };
  const master = { ...member, member: { ...context.member, ...boss } };
  const steps = (of: ConfiguratorContext): string => {
    const readings = { "public-key": "PUBLIC KEY", certificate: "CERTIFICATE" };
    return chef(options)
      .enroll(of)
      .map(({ on: place, title, resources, read }) =>
        [
          `# on ${place}: ${title}`,
          renderResources(resources(readings), baseline.distro, baseline.facts),
          ...(read === undefined ? [] : [`read ${read.name}: ${read.script}`]),
        ].join("\n"),
      )
      .join("\n\n");
  };

  it("the master's installation and a client's", async () => {
    await expect(render(options, master)).toMatchFileSnapshot("chef/install-server-master.txt");
    await expect(render(options, member)).toMatchFileSnapshot("chef/install-server-client.txt");
  });
  it("the server listens to IPv6 as well where members have nothing else", () => {
    const setting = "nginx['enable_ipv6'] = true";
    expect(render(options, { ...master, members: [boss, { ...own, address: "fd00::11" }] })).toContain(setting);
    expect(render(options, master)).not.toContain(setting);
  });
  it("a client's key is made on its host, and registered over ssh", async () => {
    await expect(steps(member)).toMatchFileSnapshot("chef/enroll.txt");
  });
  it("the tree goes to the master alone, and from there to the server", async () => {
    const trees = chef(options).trees(member);
    expect(trees.map(({ name, on: place }) => [name, place])).toEqual([
      ["cookbooks", "master"],
      ["server's data", "member"],
    ]);
    expect(chef(options).configure(member)).toEqual([]);
    await expect(
      renderResources(trees[0]?.taken ?? [], baseline.distro, baseline.facts),
    ).toMatchFileSnapshot("chef/upload.txt");
    expect(chef({ tree: "chef" }).trees(member)[0]?.taken).toEqual([]);
  });
  it("the client runs once the server answers", async () => {
    const run = chef(options).run([member]);
    await expect(`# ${run?.title}\n${run?.script}\n`).toMatchFileSnapshot("chef/run-server.sh");
  });
  it("what is proved on the master, the clients that the server knows among it", async () => {
    const checks = chef(options).verify(master);
    expect(checks.map(({ id }) => id)).toEqual([
      "client-installed",
      "client-key",
      "server-runs",
      "clients",
      "last-run",
    ]);
    const clients = checks.find(({ id }) => id === "clients");
    await expect(`# ${clients?.title}\n${clients?.resource.check}\n`).toMatchFileSnapshot(
      "chef/verify-clients.sh",
    );
    expect(chef(options).verify(member).map(({ id }) => id)).not.toContain("clients");
  });
  it("has a daemon to restart on the master alone", () => {
    expect(chef(options).restart?.(boss)).toBe("/usr/bin/cinc-server-ctl restart");
    expect(chef(options).restart?.(own)).toBeUndefined();
  });
  it("a client is forgotten with its node; what is no name of one is refused", async () => {
    const configurator = chef(options);
    await expect(
      renderResources(configurator.revoke?.("web1") ?? [], baseline.distro, baseline.facts),
    ).toMatchFileSnapshot("chef/revoke.txt");
    expect(() => configurator.revoke?.("../web1")).toThrow("no name of a client");
  });
  it("the list of clients, with the fingerprints of those that bootmachine has registered", () => {
    expect(chef(options).agents?.parse("web1 0123\nrogue \n")).toEqual([
      { id: "web1", state: "accepted", fingerprint: "0123" },
      { id: "rogue", state: "accepted" },
    ]);
  });
});
