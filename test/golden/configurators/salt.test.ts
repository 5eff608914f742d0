import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { serverData } from "../../../src/baseline/server-data.ts";
import type { ConfiguratorContext, Member, Step } from "../../../src/configurators/contract.ts";
import type { SaltOptions } from "../../../src/configurators/salt/options.ts";
import { salt } from "../../../src/configurators/salt/salt.ts";
import { readLocalTree } from "../../../src/host/tree/local-tree.ts";
import { compileProgram } from "../../../src/program/compile-program.ts";
import type { Resource } from "../../../src/program/resource.ts";
import { contextFixture, type Release } from "../baseline/fixture.ts";
import { renderResources } from "../baseline/render-resources.ts";

const MASTER: Member = {
  server: "boss",
  roles: [],
  isMaster: true,
  publicAddresses: ["203.0.113.10"],
  privateAddresses: ["10.0.0.10"],
  address: "10.0.0.10",
  sshPort: 2849,
  hostKeys: [],
};
const MEMBER: Member = {
  server: "web1",
  roles: ["application", "front-end"],
  isMaster: false,
  publicAddresses: [],
  privateAddresses: ["10.0.0.11"],
  address: "10.0.0.11",
  sshPort: 2850,
  hostKeys: [],
};

const MIRROR = {
  url: "https://mirror.example.com/salt",
  key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n",
};
/** Public keys as openssl writes them, cut short. */
const READINGS = {
  "minion-key": "-----BEGIN PUBLIC KEY-----\nMIICIjANBgkqhkiG9w0BAQEFAAOCAg8A\nMEMBER==\n-----END PUBLIC KEY-----",
  "master-key": "-----BEGIN PUBLIC KEY-----\nMIICIjANBgkqhkiG9w0BAQEFAAOCAg8A\nMASTER==\n-----END PUBLIC KEY-----",
};

function context(of: Member, release: Release = "12"): ConfiguratorContext {
  const baseline = contextFixture(release);
  return {
    stack: "shop",
    operator: "ada",
    member: { ...of, facts: baseline.facts, data: { ...serverData(baseline), server: of.server } },
    members: [MASTER, MEMBER],
    master: MASTER,
    controller: { directory: "/home/ada/shop", sshConfigFile: "/home/ada/shop/ssh_config" },
  };
}

function install(options: SaltOptions, of: Member, release: Release = "12"): string {
  const { distro } = contextFixture(release);
  const given = context(of, release);
  return renderResources(salt(options).install(given), distro, given.member.facts);
}

function steps(list: readonly Step[]): string {
  const { distro, facts } = contextFixture("12");
  return list
    .map((step) =>
      [
        `==== on the ${step.on}: ${step.title}`,
        renderResources(step.resources(READINGS), distro, facts),
        ...(step.read === undefined ? [] : [`read "${step.read.name}":\n${step.read.script}\n`]),
      ].join("\n"),
    )
    .join("\n");
}

describe("install", () => {
  it("a minion, from the official repository", async () => {
    await expect(install({}, MEMBER)).toMatchFileSnapshot("salt/install-minion.txt");
  });
  it("a master with Debian 13, from a mirror, folders and series of the user's own", async () => {
    const options: SaltOptions = {
      version: "3006",
      repository: MIRROR,
      remoteStatesDir: "/srv/states",
      remotePillarsDir: "/srv/pillars",
    };
    await expect(install(options, MASTER, "13")).toMatchFileSnapshot("salt/install-master.txt");
  });
  it("a mirror that keeps the official key, and another key for the official repository", () => {
    const mirrored = install({ repository: { url: MIRROR.url } }, MEMBER);
    expect(mirrored).toContain(`URIs: ${MIRROR.url}`);
    expect(mirrored).toContain("10857FFDD3F91EAE577A21D664CBBC8173D76B3F");
    const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    const key = { url: "https://keys.example.com/salt.asc", fingerprint };
    const rekeyed = install({ repository: { key } }, MEMBER);
    expect(rekeyed).toContain("URIs: https://packages.broadcom.com/artifactory/saltproject-deb");
    expect(rekeyed).toContain(fingerprint);
    expect(rekeyed).not.toContain("10857FFDD3F91EAE577A21D664CBBC8173D76B3F");
  });
  it("never accepts, and never starts a daemon by itself", () => {
    for (const member of [MASTER, MEMBER]) {
      const resources = salt({ repository: MIRROR }).install(context(member));
      expect(resources.filter(({ type }) => type === "service")).toEqual([]);
      const packages = resources.findIndex(({ id }) => id === "package salt");
      const masks = resources.flatMap(({ id = "" }, index) =>
        id.endsWith("is not started by its package") ? [index] : [],
      );
      expect(masks).toHaveLength(member.isMaster ? 2 : 1);
      expect(masks.every((index) => index < packages)).toBe(true);
    }
  });
});

describe("enroll", () => {
  it("the master's own minion", async () => {
    await expect(steps(salt().enroll(context(MASTER)))).toMatchFileSnapshot("salt/enroll-master.txt");
  });
  it("a minion", async () => {
    await expect(steps(salt().enroll(context(MEMBER)))).toMatchFileSnapshot("salt/enroll-minion.txt");
  });
  it("takes nothing for a key that is none", () => {
    const accept = salt().enroll(context(MEMBER))[1];
    for (const text of ["", "$(reboot)", `${READINGS["minion-key"]}\n'; reboot`]) {
      expect(() => accept?.resources({ "minion-key": text })).toThrow(/is no public key/);
    }
  });
});

describe("configure, run, verify, revoke", () => {
  it("the member's data at the master, for it alone", () => {
    const resources = salt()
      .enroll(context(MEMBER))
      .filter(({ on }) => on === "master")
      .flatMap((step) => step.resources(READINGS));
    const at = (path: string): Resource | undefined =>
      resources.find((resource) => "path" in resource && resource.path === path);
    const folder = "/etc/salt/bootmachine/hosts/web1";
    expect(at(folder)).toMatchObject({ mode: "0750", group: "salt" });
    const file = at(`${folder}/bootmachine`);
    expect(file).toMatchObject({ mode: "0640", group: "salt" });
    const content = file?.type === "file" ? (file.content ?? "") : "";
    expect(JSON.parse(content)).toMatchObject({ server: "web1" });
  });
  it("trees that nobody but the master reads", () => {
    const trees = salt({ modes: { "ssl/*": "0640" } }).trees(context(MASTER));
    expect(trees).toMatchObject([
      { name: "states", remote: "/srv/salt", group: "salt", modes: { "ssl/*": "0640" } },
      { name: "pillars", remote: "/srv/pillar", group: "salt", modes: { "**": "0640" } },
    ]);
  });
  it("keys among the states are nobody's to read, unless the user says so", async () => {
    const directory = await mkdtemp(join(tmpdir(), "salt-states-"));
    try {
      for (const path of ["ssl/site.key", "top.pem", "ssh/id_ed25519", "ssh/id_ed25519.pub", "ssl/open.key", "top.sls"]) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), "x");
      }
      const [states] = salt({ states: directory, modes: { "**/open.key": "0644" } }).trees(context(MASTER));
      const { entries } = await readLocalTree(states ?? expect.unreachable());
      expect(Object.fromEntries(entries.map(({ path, mode }) => [path, mode]))).toEqual({
        "ssl/site.key": "0640",
        "top.pem": "0640",
        "ssh/id_ed25519": "0640",
        "ssh/id_ed25519.pub": "0644",
        "ssl/open.key": "0644",
        "top.sls": "0644",
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
  it("the run", async () => {
    const run = salt().run([context(MEMBER)]);
    await expect(run?.script).toMatchFileSnapshot("salt/run.sh.txt");
  });
  it("the checks, on the master and on a minion", async () => {
    const { distro, facts } = contextFixture("12");
    const text = [MASTER, MEMBER]
      .map((member) =>
        salt()
          .verify(context(member))
          .map(({ title, resource }) => `${member.server}: ${title}\n${renderResources([resource], distro, facts)}`)
          .join("\n"),
      )
      .join("\n");
    await expect(text).toMatchFileSnapshot("salt/checks.txt");
  });
  it("the end of the trust in a server, and in a stranger with any name", async () => {
    const { distro, facts } = contextFixture("12");
    await expect(
      renderResources(salt().revoke?.("web1") ?? [], distro, facts),
    ).toMatchFileSnapshot("salt/revoke.txt");
    const scripts = (salt().revoke?.("*; reboot") ?? []).flatMap((resource) =>
      resource.type === "command" ? [resource.run] : [],
    );
    expect(scripts.join("\n")).toContain("'/etc/salt/pki/master/minions/*; reboot'");
    expect(scripts.join("\n")).toContain("'/etc/salt/pki/master/minions_pre/*; reboot'");
    for (const id of ["../master.pem", "..", ""]) {
      expect(() => salt().revoke?.(id)).toThrow(/is no name of a minion/);
    }
  });
  it("of many servers at once restarts the master once", () => {
    const { distro, facts } = contextFixture("12");
    const restarts = (...ids: readonly string[]): readonly string[] => {
      const resources = ids.flatMap((id) => salt().revoke?.(id) ?? []);
      const { text } = compileProgram(resources, { title: "revoke", mode: "apply", distro, facts });
      return text.match(/^.*systemctl restart salt-master.*$/gm) ?? [];
    };
    expect(restarts("web1").length).toBeGreaterThan(0);
    expect(restarts("web1", "web2", "web3")).toEqual(restarts("web1"));
  });
  it("the end of a key that lies under whatever name", async () => {
    const { distro, facts } = contextFixture("12");
    const fingerprint = Array.from({ length: 32 }, () => "Ab").join(":");
    await expect(
      renderResources(salt().revokeKey?.(fingerprint, ["boss", "web1"]) ?? [], distro, facts),
    ).toMatchFileSnapshot("salt/revoke-key.txt");
  });
});
