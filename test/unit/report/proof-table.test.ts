import { describe, expect, it } from "vitest";
import { failed } from "../../../src/proof/check-result.ts";
import { CHECKS } from "../../../src/proof/checks.ts";
import { renderProofTable } from "../../../src/report/proof-table.ts";
import { PROOF, UNSEEN } from "./proof-fixture.ts";

describe("renderProofTable", () => {
  it("shows what failed first, with why, what was found, and what to do; and a summary last", () => {
    expect(renderProofTable(PROOF).map((line) => line.trimEnd())).toMatchInlineSnapshot(`
      [
        "web1: 1 passed, 1 failed, 1 warning, 1 skipped",
        "  FAILED   users-keys          each user has exactly the declared keys",
        "      why:    A key that was added is a person who gets in.",
        "      found:  authorized-keys ada: <1> found & "more"",
        "              + ssh-ed25519 AAAA evil ]]> <key>",
        "      next:   \`bootmachine up\` mends it; find out first who changed it.",
        "  WARNING  listeners-declared  nothing undeclared listens to the outside",
        "      why:    What listens is one firewall mistake away from being open. (CIS Debian Linux 12 v1.1.0 2.1.22)",
        "      found:  1 found that should not be",
        "              + tcp 0.0.0.0:8099 python3",
        "      next:   Stop it, bind it to 127.0.0.1, or declare its port under \`firewall\`.",
        "",
        "db1: 1 passed, 0 failed",
        "",
        "shop: 2 servers, 2 passed, 1 failed, 1 warning, 1 skipped. Not proved.",
      ]
    `);
  });

  it("shows what passed on request", () => {
    const text = renderProofTable(PROOF, { all: true }).join("\n");
    expect(text).toContain("passed   ssh-answers");
    expect(text).toContain("skipped  clock-right");
    expect(renderProofTable(PROOF).join("\n")).not.toContain("clock-right");
  });

  it("never passes a host's control characters on", () => {
    expect(renderProofTable(PROOF, { all: true }).join("\n")).not.toMatch(
      /[\u0000-\u0009\u000B-\u001F\u007F]/u,
    );
  });

  it("says Proved where only warnings are left", () => {
    const checks = [failed(CHECKS["listeners-declared"], "x", 1)];
    const lines = renderProofTable({ ...PROOF, servers: [{ server: "web1", checks }] });
    expect(lines.at(-1)).toBe("shop: 1 server, 0 passed, 0 failed, 1 warning. Proved.");
  });

  it("never says Proved of a server that was not looked into", () => {
    expect(renderProofTable(UNSEEN).map((line) => line.trimEnd())).toMatchInlineSnapshot(`
      [
        "db1: 1 passed, 0 failed",
        "",
        "dead1: 0 passed, 1 failed, 1 skipped",
        "  NOT SEEN  TIMEOUT: dead1 did not let us in within 20 s: connection refused.",
        "      next:   See \`bootmachine console dead1\`.",
        "  FAILED   ssh-answers  ssh answers on the declared port",
        "      why:    A server whose ssh port is silent cannot be administered, and nothing else can be proved.",
        "      found:  ssh does not answer on port 2849",
        "      next:   See \`bootmachine console SERVER\`, and check the provider's firewall.",
        "",
        "late1: 0 passed, 0 failed",
        "  NOT SEEN  nothing was looked at",
        "",
        "shop: 3 servers, 1 passed, 1 failed, 1 skipped, 2 servers not looked into. Not proved.",
      ]
    `);
    for (const server of UNSEEN.servers.slice(1))
      expect(renderProofTable({ ...UNSEEN, servers: [server] }).at(-1)).toMatch(/ Not proved\.$/u);
  });

  it("cuts a long diff and says so", () => {
    const diff = Array.from({ length: 30 }, (_, index) => `+ line ${index}`);
    const checks = [failed(CHECKS["users-keys"], "x", 1, diff)];
    const text = renderProofTable({ ...PROOF, servers: [{ server: "web1", checks }] }).join("\n");
    expect(text).toContain("+ line 19");
    expect(text).not.toContain("+ line 20");
    expect(text).toContain("and 10 lines more");
  });
});
