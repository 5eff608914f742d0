import { describe, expect, it } from "vitest";
import { accessResources } from "../../../src/baseline/access-resources.ts";
import { groundResources } from "../../../src/baseline/ground-resources.ts";
import { prepareResources } from "../../../src/baseline/prepare-resources.ts";
import { contextFixture, factsFixture, RELEASE_NAMES } from "./fixture.ts";
import { renderResources } from "./render-resources.ts";

/** Facts in, wanted state out. Look at the difference of a golden file as you would at a change of every server. */
describe.each(RELEASE_NAMES)("Debian %s", (release) => {
  const context = contextFixture(release);
  const render = (resources: Parameters<typeof renderResources>[0], of = context): string =>
    renderResources(resources, of.distro, of.facts);

  it("prepare", async () => {
    await expect(render(prepareResources(context))).toMatchFileSnapshot(
      `debian-${release}/prepare.txt`,
    );
  });
  it("ground", async () => {
    await expect(render(groundResources(context))).toMatchFileSnapshot(
      `debian-${release}/ground.txt`,
    );
  });
  it("access, the new way beside the old", async () => {
    await expect(render(accessResources(context, "beside"))).toMatchFileSnapshot(
      `debian-${release}/access-beside.txt`,
    );
  });
  it("access, final", async () => {
    await expect(render(accessResources(context, "final"))).toMatchFileSnapshot(
      `debian-${release}/access-final.txt`,
    );
  });
});

describe("hosts that are special", () => {
  it("a container: no clock and no kernel settings of its own", async () => {
    const context = contextFixture("12", {
      facts: factsFixture("12", { isContainer: true, hasCloudInit: false }),
    });
    const resources = [...prepareResources(context), ...groundResources(context)];
    await expect(renderResources(resources, context.distro, context.facts)).toMatchFileSnapshot(
      "special/container.txt",
    );
  });
  it.each(["ufw", "firewalld"] as const)("%s is active", async (name) => {
    const context = contextFixture("12", {
      facts: factsFixture("12", { activeFirewalls: [name] }),
    });
    const firewall = accessResources(context, "final").filter(({ type }) => type === "firewall");
    await expect(renderResources(firewall, context.distro, context.facts)).toMatchFileSnapshot(
      `special/${name}.txt`,
    );
  });
  it("a socket unit holds the ssh port", async () => {
    const context = contextFixture("13", {
      facts: factsFixture("13", { isSshSocketActive: true }),
    });
    const ssh = accessResources(context, "final").filter(({ type }) => type === "ssh-server");
    await expect(renderResources(ssh, context.distro, context.facts)).toMatchFileSnapshot(
      "special/ssh-socket.txt",
    );
  });
});
