import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { serverData } from "../../../src/baseline/server-data.ts";
import { ansible } from "../../../src/configurators/ansible/ansible.ts";
import type { AnsibleOptions } from "../../../src/configurators/ansible/options.ts";
import type { ConfiguratorContext, Member, ServerData, Step } from "../../../src/configurators/contract.ts";
import { contextFixture, type Release } from "../baseline/fixture.ts";
import { renderResources } from "../baseline/render-resources.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvb3RtYWNoaW5lLWV4YW1wbGUtaG9zdC1rZXktMDAx";
const MASTER: Member = {
  server: "boss",
  roles: ["master"],
  isMaster: true,
  publicAddresses: ["203.0.113.10"],
  privateAddresses: ["10.0.0.10"],
  address: "10.0.0.10",
  sshPort: 2849,
  hostKeys: [KEY],
};
const MEMBER: Member = {
  server: "web1",
  roles: ["application", "front-end"],
  isMaster: false,
  publicAddresses: [],
  privateAddresses: ["10.0.0.11"],
  address: "10.0.0.11",
  sshPort: 2850,
  hostKeys: [KEY, "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY="],
};
const FILE = {
  path: "/etc/motd",
  mode: "0644",
  owner: "root",
  group: "root",
  content: "",
  validate: null,
  reload: [],
  restart: [],
  commands: [],
};
/** What the first step of a member reads on the master. */
const READING = `${KEY} bootmachine ansible boss.shop\n10.0.0.10\nfd00::10`;

/** Of the secure state only what tells the servers apart: all of it has golden files of its own. */
function dataOf(of: Member, release: Release): ServerData {
  return {
    ...serverData(contextFixture(release)),
    server: of.server,
    roles: of.roles,
    packages: [],
    directories: [],
    files: [],
    absent_files: [],
    services: [],
    commands: [],
  };
}

function context(of: Member, release: Release = "12"): ConfiguratorContext {
  const baseline = contextFixture(release);
  return {
    stack: "shop",
    operator: "ada",
    member: { ...of, facts: baseline.facts, data: dataOf(of, release) },
    members: [MASTER, MEMBER],
    master: MASTER,
    controller: { directory: "/home/ada/shop", sshConfigFile: "/home/ada/shop/my config" },
  };
}

function install(options: AnsibleOptions, of: ConfiguratorContext): string {
  const { distro } = contextFixture("12");
  return renderResources(ansible(options).install(of), distro, of.member.facts);
}

it("a master whose Python is too old is refused by the first look, unless the release fits it", () => {
  const old = context(MASTER, "11");
  expect(install({}, old)).toMatch(
    /^command "ansible supported"\n[^]*ansible-core 2\.19\.14 needs Python 3\.11, and Debian GNU\/Linux 11[^]* has 3\.9: take install "distro"/,
  );
  expect(install({ version: "2.16.3" }, old)).toContain("2.16.3 needs Python 3.10");
  expect(install({ version: "2.21.5" }, context(MASTER, "12"))).toContain("needs Python 3.12");
  for (const [options, of] of [
    [{ version: "2.15.13" }, old],
    [{ install: "distro" }, old],
    [{}, context(MEMBER, "11")],
    [{}, context(MASTER, "12")],
    [{}, context(MASTER, "13")],
    [{ version: "2.21.5" }, context(MASTER, "13")],
  ] as const) {
    expect(install(options, of)).not.toContain("ansible supported");
  }
});

function steps(list: readonly Step[], of: ConfiguratorContext): string {
  const { distro } = contextFixture("12");
  return list
    .map((step) =>
      [
        `==== on the ${step.on}: ${step.title}`,
        renderResources(step.resources({ "master-key": READING }), distro, of.member.facts),
        ...(step.read === undefined ? [] : [`read "${step.read.name}":\n${step.read.script}\n`]),
      ].join("\n"),
    )
    .join("\n");
}

describe("install", () => {
  it("a master with Debian 13, from an index that needs a password", async () => {
    const index = "https://ada:secret@pypi.example.com/simple";
    const text = install({ index }, context(MASTER, "13"));
    await expect(text).toMatchFileSnapshot("ansible/install-master.txt");
    // It stands in a file that is root's alone, and in no command.
    expect(text.match(/ada:secret/g)).toHaveLength(1);
  });
  it("a master by the distro's packages", async () => {
    await expect(install({ install: "distro" }, context(MASTER))).toMatchFileSnapshot(
      "ansible/install-distro.txt",
    );
    expect(install({ install: "distro" }, context(MASTER, "11"))).toMatch(/\["ansible","openssh-client"\]/);
  });
  it("a member, and a master that Ansible does not run on: Python", async () => {
    const text = install({}, context(MEMBER));
    await expect(text).toMatchFileSnapshot("ansible/install-member.txt");
    expect(install({ from: "controller" }, context(MASTER))).toBe(text);
  });
});

describe("enroll", () => {
  it("the master", async () => {
    const of = context(MASTER);
    await expect(steps(ansible().enroll(of), of)).toMatchFileSnapshot("ansible/enroll-master.txt");
  });
  it("a member", async () => {
    const of = context(MEMBER);
    await expect(steps(ansible({ user: "push" }).enroll(of), of)).toMatchFileSnapshot(
      "ansible/enroll-member.txt",
    );
  });
  it("names the addresses of the master's interfaces where the provider has none but a name", () => {
    const of = context(MEMBER);
    const named = { ...MASTER, publicAddresses: [], privateAddresses: [], address: "boss.example.com" };
    const text = steps(ansible().enroll({ ...of, master: named }), of);
    expect(text).toContain('from="10.0.0.10,fd00::10",restrict ssh-ed25519');
    expect(text).not.toContain("boss.example.com");
  });
  it("nothing, where the operator pushes", () => {
    expect(ansible({ from: "controller" }).enroll(context(MEMBER))).toEqual([]);
  });
});

describe("inventory", () => {
  it("text of the secure state is never a template, and comes out as it went in", () => {
    const of = context(MEMBER);
    const content = "{{ lookup('pipe', 'id') }} {% x %} {# y #}\n\ttab: 'quote'\n";
    const data = { ...of.member.data, files: [{ ...FILE, content }] };
    const [step] = ansible().configure({ ...of, member: { ...of.member, data } });
    const [resource] = step?.resources({}) ?? [];
    const text = resource?.type === "file" ? (resource.content ?? "") : "";
    expect(text).toMatch(/content: !unsafe/);
    const read = parse(text, {
      customTags: [{ tag: "!unsafe", resolve: (value: string) => value }],
    }) as { readonly all: { readonly hosts: { readonly web1: { readonly bootmachine: unknown } } } };
    expect(read.all.hosts.web1.bootmachine).toEqual(data);
  });
});

it("names that mean something else to YAML 1.1, which Ansible reads, stay names", () => {
  const norway = { ...MEMBER, server: "no", roles: ["on", "web"], address: "2001:1:2:3:4:5:6:7" };
  const [step] = ansible().configure(context(norway));
  const [resource] = step?.resources({}) ?? [];
  const text = resource?.type === "file" ? (resource.content ?? "") : "";
  expect(parse(text, { version: "1.1" })).toMatchObject({
    all: { hosts: { no: { ansible_host: norway.address } } },
    on: { hosts: { no: null } },
  });
});

describe("run", () => {
  it("on the master", async () => {
    const run = ansible().run([context(MASTER), context(MEMBER)]);
    await expect(`# ${run?.on}: ${run?.title}\n${run?.script}\n`).toMatchFileSnapshot(
      "ansible/run-master.sh",
    );
  });
  it("on the operator's computer", async () => {
    const run = ansible({ from: "controller", tree: "./plays dir", diff: false }).run([
      context(MEMBER),
    ]);
    await expect(`# ${run?.on}: ${run?.title}\n${run?.script}\n`).toMatchFileSnapshot(
      "ansible/run-controller.sh",
    );
    expect(run?.files?.map(({ path }) => path)).toEqual([
      "callback_plugins/bootmachine_result.py",
      "inventory/web1.yml",
      "inventory/_others.yml",
    ]);
    expect(run?.files?.[1]?.content).toContain('-F "/home/ada/shop/my config"');
  });
  it("on the operator's computer, those whom the run is not for are in the inventory all the same", () => {
    const lb = { ...MASTER, server: "lb", roles: ["balancer"], isMaster: false };
    const web2 = { ...MEMBER, server: "web2", roles: ["application"] };
    const of = { ...context(lb), members: [lb, MEMBER, web2], master: undefined };
    const [, own, others] = ansible({ from: "controller" }).run([of])?.files ?? [];
    expect(parse(own?.content ?? "")).toMatchObject({ balancer: { hosts: { lb: null } } });
    const { all, ...groups } = parse(others?.content ?? "") as Readonly<Record<string, unknown>>;
    expect(groups).toEqual({
      application: { hosts: { web1: null, web2: null } },
      front_end: { hosts: { web1: null } },
    });
    const { stack, master, members } = of.member.data;
    const connection = { ansible_connection: "ssh", ansible_host: "web2", ansible_host_key_checking: true };
    const bootmachine = { stack, server: "web2", roles: ["application"], master, members };
    expect(all).toMatchObject({ hosts: { web1: {}, web2: { ...connection, bootmachine } } });
    const everybody = ansible({ from: "controller" }).run([of, { ...context(MEMBER), members: [lb, MEMBER] }]);
    expect(parse(everybody?.files?.at(-1)?.content ?? "")).toEqual({
      all: { hosts: { web2: expect.anything() as unknown } },
      application: { hosts: { web2: null } },
    });
  });
});

it("the tree goes to the master, secrets in it for root alone", () => {
  const trees = ansible({ tree: "./plays", modes: { "licence.txt": "0600" } }).trees(context(MASTER));
  expect(trees).toMatchObject([
    { local: "./plays", remote: "/srv/ansible", on: "master", modes: { "licence.txt": "0600" } },
  ]);
  expect(ansible({ from: "controller" }).trees(context(MEMBER))).toMatchObject([
    { on: "controller" },
  ]);
});

it("what is proved", async () => {
  const text = [MASTER, MEMBER]
    .flatMap((of) => ansible().verify(context(of)).map((check) => ({ of: of.server, ...check })))
    .map(({ of, id, title, resource }) => `# ${of}, ${id}: ${title}\n${resource.check}\n`)
    .join("\n");
  await expect(text).toMatchFileSnapshot("ansible/verify.sh");
});

it("a server that is gone is forgotten", () => {
  expect(ansible().revoke?.("web1")).toMatchObject([
    { type: "file", path: "/etc/ansible/bootmachine/inventory/web1.yml", state: "absent" },
    { type: "file", path: "/etc/ansible/bootmachine/known_hosts/web1", state: "absent" },
  ]);
});
