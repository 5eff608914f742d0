import { describe, expect, it } from "vitest";
import { debian } from "../../../src/distros/debian.ts";
import { sshDropInContent } from "../../../src/distros/debian/openssh.ts";
import type { Resource } from "../../../src/program/resource.ts";
import { factsFixture } from "../../golden/baseline/fixture.ts";

const SETTINGS = [
  ["Port", "2849"],
  ["PermitRootLogin", "no"],
  ["KbdInteractiveAuthentication", "no"],
  ["LoginGraceTime", "30"],
] as const;

function expand(settings: typeof SETTINGS, isSshSocketActive = false): readonly Resource[] {
  return debian().sshServer(
    { type: "ssh-server", settings },
    factsFixture("13", { isSshSocketActive }),
  );
}

describe("the ssh server's drop-in", () => {
  it("repeats for every connection what a Match block elsewhere could override, and nothing else", () => {
    const text = sshDropInContent(SETTINGS, factsFixture("13"));
    const [head, matched] = text.split("Match all\n");
    expect(head).toContain("Port 2849\nPermitRootLogin no\n");
    expect(matched).toBe("    PermitRootLogin no\n    KbdInteractiveAuthentication no\n");
  });
  it("spells the switch for questions as OpenSSH before 8.7 knew it", () => {
    expect(sshDropInContent(SETTINGS, factsFixture("11"))).toContain(
      "ChallengeResponseAuthentication no",
    );
    expect(sshDropInContent(SETTINGS, factsFixture("12"))).not.toContain("ChallengeResponse");
  });
  it("comes after the Include and before anything is loaded", () => {
    const ids = expand(SETTINGS).map(({ id }) => id);
    expect(ids).toEqual([
      "ssh-server directory",
      "ssh-server include",
      "ssh-server drop-in",
      "ssh-server nothing added elsewhere",
      "ssh-server nothing matched earlier",
      "ssh-server effective",
      "ssh-server service",
      "ssh-server loaded",
    ]);
  });
  it("moves a socket unit's port as well", () => {
    const socket = expand(SETTINGS, true).find(({ id }) => id === "ssh-server socket");
    expect(socket).toMatchObject({ path: "/etc/systemd/system/ssh.socket.d/00-bootmachine.conf" });
    expect(JSON.stringify(socket)).toContain(String.raw`ListenStream=\nListenStream=2849\n`);
  });
});
