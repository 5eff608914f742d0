import { describe, expect, it } from "vitest";

import { serverData } from "../../../src/baseline/server-data.ts";
import type { ConfiguratorContext, Member } from "../../../src/configurators/contract.ts";
import type { PuppetOptions } from "../../../src/configurators/puppet/options.ts";
import { puppet } from "../../../src/configurators/puppet/puppet.ts";
import type { Resource } from "../../../src/program/resource.ts";
import { contextFixture, factsFixture } from "../baseline/fixture.ts";
import { renderResources } from "../baseline/render-resources.ts";

const baseline = contextFixture("12");

function member(server: string, isMaster: boolean, number: number): Member {
  return {
    server,
    roles: [isMaster ? "master" : "application"],
    isMaster,
    publicAddresses: [],
    privateAddresses: [`10.0.0.${number}`],
    address: `10.0.0.${number}`,
    sshPort: 2849,
    hostKeys: [],
  };
}

const MEMBERS = [member("hub", true, 10), member("web1", false, 11)] as const;

function contextOf(own: Member, release: "12" | "13" = "12"): ConfiguratorContext {
  return {
    stack: "shop",
    operator: "ada",
    member: { ...own, facts: factsFixture(release), data: { ...serverData(baseline), server: own.server } },
    members: MEMBERS,
    master: MEMBERS[0],
    controller: { directory: "/home/ada/shop", sshConfigFile: "/home/ada/shop/ssh_config" },
  };
}
const [MASTER, AGENT] = MEMBERS;

function installed(options: PuppetOptions, context: ConfiguratorContext): string {
  return renderResources(puppet(options).install(context), baseline.distro, context.member.facts);
}

describe("install", () => {
  it.each([
    ["openvox-master", {}, MASTER],
    ["openvox-agent", { agent: "on-demand" }, AGENT],
    ["openvox-pinned-agent", { version: "8.28" }, AGENT],
    ["distro-master", { packages: "distro", heapMb: 256 }, MASTER],
    [
      "distro-master-elsewhere",
      { packages: "distro", heapMb: 256, environment: "staging", remoteDir: "/srv/puppet/environments" },
      MASTER,
    ],
    ["distro-agent", { packages: "distro", settings: { agent: { splay: "false" } } }, AGENT],
  ] as const)("%s", async (name, options, own) => {
    await expect(installed(options, contextOf(own))).toMatchFileSnapshot(`puppet/install-${name}.txt`);
  });
  it("takes the repository and the Java of the host's release, and a mirror with its key", () => {
    const text = installed({}, contextOf(MASTER, "13"));
    expect(text).toContain("debian13");
    expect(text).toContain("openjdk-21-jre-headless");
    const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmine\n-----END PGP PUBLIC KEY BLOCK-----";
    const mirror = installed({ repository: { url: "https://mirror.example/apt", key } }, contextOf(AGENT));
    expect(mirror).toContain("https://mirror.example/apt");
    expect(mirror).toContain("mine");
    const rekeyed = installed({ repository: { key } }, contextOf(AGENT));
    expect(rekeyed).toContain("https://apt.voxpupuli.org");
    expect(rekeyed).toContain("mine");
  });
  it("takes the repository of the version's series, and the other one away", () => {
    const ways = { version: "9.0.0", serverVersion: "9.0.1" } as const;
    const text = installed(ways, contextOf(MASTER, "13"));
    expect(text).toContain("Components: openvox9\n");
    expect(text).not.toContain("Components: openvox8");
    expect(text).toContain("bootmachine-openvox8.sources\n  state: absent");
    expect(text).toContain("Package: openvox-server\n    | Pin: version /^([0-9]+:)?9[.]0[.]1([.~+-]|$)/");
    expect(text).not.toContain("has no Java");
  });
  it("tells of a master that has no Java for series 9, and of nobody else", () => {
    const reason = "has no Java 21, which the server of OpenVox 9 needs";
    expect(installed({ version: "9" }, contextOf(MASTER))).toContain(reason);
    expect(installed({ version: "9" }, contextOf(AGENT))).not.toContain(reason);
    expect(installed({ version: "8" }, contextOf(MASTER))).not.toContain(reason);
  });
  it("looks for the environments elsewhere on the master alone, and brings the tree there", () => {
    const options = { packages: "distro", remoteDir: "/srv/puppet" } as const;
    expect(installed(options, contextOf(MASTER))).toContain("environmentpath = /srv/puppet\n");
    expect(installed(options, contextOf(AGENT))).not.toContain("/srv/puppet");
    expect(puppet(options).trees(contextOf(AGENT))).toMatchObject([{ remote: "/srv/puppet/production" }]);
  });
});

/** What stands in a server's data is looked at elsewhere. */
function withoutData(resources: readonly Resource[]): readonly Resource[] {
  return resources.map((resource) =>
    resource.type === "file" && resource.path.includes("/nodes/")
      ? { ...resource, content: "the data of the server\n" }
      : resource,
  );
}

describe("enroll", () => {
  const AUTHORITY = "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----";
  const REQUEST = "-----BEGIN CERTIFICATE REQUEST-----\nrequest\n-----END CERTIFICATE REQUEST-----";
  const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nweb1\n-----END CERTIFICATE-----";
  it.each([
    ["master", MASTER],
    ["agent", AGENT],
  ] as const)("%s", async (name, own) => {
    const context = contextOf(own);
    const readings = { authority: AUTHORITY, request: REQUEST, certificate: CERTIFICATE };
    const text = puppet({ packages: "distro" })
      .enroll(context)
      .map(
        (step) =>
          `# on the ${step.on}: ${step.title}\n${renderResources(withoutData(step.resources(readings)), baseline.distro, context.member.facts)}${
            step.read === undefined ? "" : `# read ${step.read.name}: ${step.read.script}\n`
          }`,
      );
    await expect(text.join("\n")).toMatchFileSnapshot(`puppet/enroll-${name}.txt`);
  });
  it("gives the master the server's data before the server is trusted, and a revocation takes it away", () => {
    const path = "/etc/puppet/bootmachine/nodes/web1.yaml";
    const tool = puppet({ packages: "distro" });
    const [data, certificate] = tool.enroll(contextOf(AGENT))[2]?.resources({ request: REQUEST }) ?? [];
    expect(data).toMatchObject({ type: "file", path });
    expect(JSON.stringify(data)).toContain("bootmachine::server");
    expect(certificate).toMatchObject({ id: "puppet certificate of web1" });
    expect(tool.revoke?.("web1")).toContainEqual({ type: "file", path, state: "absent" });
    expect(tool.configure(contextOf(AGENT))).toEqual([]);
  });
  it("signs nothing but the request that was read", () => {
    const steps = puppet({}).enroll(contextOf(AGENT));
    const signing = JSON.stringify(steps[2]?.resources({ request: REQUEST }));
    expect(signing).toContain("requests/web1.pem");
    expect(signing).toContain("ca sign --certname web1");
    expect(JSON.stringify(steps.map((step) => step.resources({})))).not.toMatch(/sign --all|autosign/);
  });
});

it("run", async () => {
  const run = puppet({ packages: "distro" }).run([contextOf(AGENT)]);
  await expect(`# ${run?.title}\n${run?.script}\n`).toMatchFileSnapshot("puppet/run.sh");
});

it("verify, on the master", async () => {
  const checks = puppet({ packages: "distro" }).verify(contextOf(MASTER));
  await expect(
    checks.map(({ title, resource }) => `# ${title}\n${resource.check}\n`).join("\n"),
  ).toMatchFileSnapshot("puppet/verify.sh");
});

it("agents, as the authority's files say", () => {
  const { agents } = puppet({});
  expect(agents?.parse("accepted ab:cd web1\nwaiting 01:ef rogue\nwaiting - broken\n\n")).toEqual([
    { id: "web1", state: "accepted", fingerprint: "AB:CD" },
    { id: "rogue", state: "waiting", fingerprint: "01:EF" },
    { id: "broken", state: "waiting" },
  ]);
});
