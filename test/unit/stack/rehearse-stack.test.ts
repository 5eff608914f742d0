import { describe, expect, it } from "vitest";

import type { Provider, RehearsalFacts } from "../../../src/providers/contract.ts";
import { local } from "../../../src/providers/local/local.ts";
import { openstack } from "../../../src/providers/openstack/openstack.ts";
import { rehearseStack } from "../../../src/stack/rehearse-stack.ts";
import type { Server, Stack } from "../../../src/stack/stack.ts";
import { GOOD, loadValue } from "./support/config-directory.ts";

/** The toy stack with another provider and other servers. */
async function stackOf(
  provider: Provider,
  servers: readonly Partial<Server>[],
  more: Partial<Stack> = {},
): Promise<Stack> {
  const stack = await loadValue(GOOD);
  const [first] = stack.servers;
  return {
    ...stack,
    provider,
    servers: servers.map((server) => ({ ...(first as Server), ...server })),
    ...more,
  };
}

const cloud = (options: Parameters<typeof openstack>[0]): Provider => openstack(options, {});
const problemOf = ({ provider, servers }: Stack, index = 0): string | undefined => {
  const { name, roles, image } = servers[index] as Server;
  return provider.check({
    server: name,
    roles,
    ...(image === undefined ? {} : { image }),
  })[0]?.message;
};

describe("a rehearsal", () => {
  it("keeps names, roles and all else, and maps images by wish, by name and by the provider's option", async () => {
    const stack = await stackOf(cloud({ image: { distro: "debian-12" }, size: "m1.small" }), [
      { name: "a", roles: ["web"], image: undefined },
      { name: "b", image: { distro: "debian-11" } },
      { name: "c", image: "Debian 13 Trixie 2026-01" },
    ]);
    const rehearsal = rehearseStack(stack, local());
    expect(rehearsal.servers.map(({ name, roles, image }) => ({ name, roles, image }))).toEqual([
      { name: "a", roles: ["web"], image: { distro: "debian-12" } },
      { name: "b", roles: ["application"], image: { distro: "debian-11" } },
      { name: "c", roles: ["application"], image: { distro: "debian-13" } },
    ]);
    expect(rehearsal.provider.name).toBe("local");
    expect([0, 1, 2].map((index) => problemOf(rehearsal, index))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const { servers: _servers, provider: _provider, rehearsal: _notes, ssh, ...rest } = rehearsal;
    expect(stack).toMatchObject(rest);
    expect(stack.ssh).toMatchObject({ ...ssh });
  });

  it("what has no place here is told once", async () => {
    const stack = await stackOf(
      cloud({
        image: "debian-12",
        size: { cpus: 1, memoryGb: 0.5 },
        networks: ["private"],
        floatingIps: true,
        serverGroup: "anti-affinity",
      }),
      [{ name: "a" }, { name: "b" }],
    );
    const jumping = {
      ...stack,
      servers: stack.servers.map((server) => ({
        ...server,
        ssh: { ...server.ssh, jumpHost: "gate" },
      })),
    };
    const rehearsal = rehearseStack(jumping, local());
    expect(rehearsal.rehearsal?.notes).toEqual([
      "Rehearsal with the provider local: openstack is left alone.",
      "Not rehearsed: the jump host, the networks private, floating addresses, security groups, the server group.",
    ]);
    expect(rehearsal.servers[0]?.ssh.jumpHost).toBeUndefined();
    expect(rehearsal.servers[0]?.size).toEqual({ cpus: 1, memoryGb: 0.5 });
  });

  it("a distro that nothing tells, or that is not here, is refused with what to do", async () => {
    const unknown = await stackOf(cloud({ image: "golden", size: "m1.small" }), [{ name: "a" }]);
    expect(problemOf(rehearseStack(unknown, local()))).toMatch(
      /nothing tells of which distro the image of openstack\(\) is; .*image: \{ distro: "debian-13" \}/,
    );
    const other = await stackOf(cloud({ size: "m1.small" }), [
      { name: "a", image: { distro: "ubuntu-24.04" } },
    ]);
    expect(problemOf(rehearseStack(other, local()))).toMatch(
      /local has no image of the distro ubuntu-24\.04; it has debian-13.*leave it out with --server/,
    );
  });

  it("a provider that says nothing of itself is known by the wishes", async () => {
    const facts: RehearsalFacts = { notRehearsed: [] };
    const { rehearsalFacts: _none, ...silent } = { ...cloud({}), rehearsalFacts: () => facts };
    const stack = await stackOf(silent, [
      { name: "a", image: { distro: "debian-12" }, size: { cpus: 2, memoryGb: 1 } },
      { name: "b", image: "ami-1" },
    ]);
    const rehearsal = rehearseStack(stack, local());
    expect(rehearsal.servers[0]).toMatchObject({
      image: { distro: "debian-12" },
      size: { cpus: 2, memoryGb: 1 },
    });
    expect(problemOf(rehearsal, 1)).toMatch(/nothing tells of which distro its image ami-1 is/);
  });

  it("a size that this computer does not have becomes all of it; the configurator's minimum counts", async () => {
    const stack = await stackOf(
      cloud({ image: "debian-12", size: { cpus: 512, memoryGb: 16_384 } }),
      [{ name: "a" }, { name: "b", size: "m1.small" }],
    );
    const needy = {
      ...stack,
      master: "b",
      configurator: { ...stack.configurator, minimumMemoryMb: { agent: 0, master: 1536 } },
    };
    const { servers, rehearsal } = rehearseStack(needy, local());
    expect(servers.map(({ size }) => size)).toEqual(["unlimited", { cpus: 1, memoryGb: 1.5 }]);
    expect(rehearsal?.notes.join("\n")).toMatch(/a has all that this computer has/);
  });

  it("what the master needs for so many servers counts", async () => {
    const stack = await stackOf(cloud({ image: "debian-12" }), [{ name: "a" }, { name: "b" }]);
    const configurator = {
      ...stack.configurator,
      masterMemoryMb: (members: number): number => members * 1024,
    };
    const { servers } = rehearseStack({ ...stack, master: "b", configurator }, local());
    expect(servers.map(({ size }) => size)).toEqual([undefined, { cpus: 1, memoryGb: 2 }]);
  });

  it("a stack that is local itself keeps its images", async () => {
    const stack = await stackOf(local(), [{ name: "a", image: "/srv/rootfs", size: "small" }]);
    expect(rehearseStack(stack, local({ stateDirectory: "/nowhere" })).servers[0]).toMatchObject({
      image: "/srv/rootfs",
      size: "small",
    });
  });
});
