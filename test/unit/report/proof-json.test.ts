import { describe, expect, it } from "vitest";
import { renderProofJson, toProofJson } from "../../../src/report/proof-json.ts";
import { PROOF, UNSEEN } from "./proof-fixture.ts";

describe("renderProofJson", () => {
  it("has the documented shape", () => {
    const json: unknown = JSON.parse(renderProofJson(PROOF));
    expect(json).toMatchObject({
      schemaVersion: 1,
      tool: { name: "bootmachine", version: "1.2.3" },
      stack: "shop",
      at: "2026-01-02T03:04:05.678Z",
      ok: false,
      totals: { passed: 2, failed: 1, warnings: 1, skipped: 1 },
      servers: [
        { server: "web1", ok: false, totals: { passed: 1, failed: 1, warnings: 1, skipped: 1 } },
        { server: "db1", ok: true, totals: { passed: 1, failed: 0, warnings: 0, skipped: 0 } },
      ],
    });
    expect(Object.keys(toProofJson(PROOF).servers[0]?.checks[1] ?? {}).sort()).toEqual(
      ["detail", "diff", "from", "id", "ms", "reason", "severity", "status", "title"].sort(),
    );
  });

  it("is not ok where a server was not looked into", () => {
    expect(JSON.parse(renderProofJson(UNSEEN))).toMatchObject({
      ok: false,
      totals: { errors: 2 },
      servers: [
        { server: "db1", ok: true, totals: { errors: 0 } },
        {
          server: "dead1",
          ok: false,
          totals: { failed: 1, errors: 1 },
          error: { code: "TIMEOUT" },
        },
        { server: "late1", ok: false, totals: { passed: 0, failed: 0, errors: 1 }, checks: [] },
      ],
    });
    const [, , late] = UNSEEN.servers;
    if (late === undefined) throw new Error("no third server");
    expect(toProofJson({ ...UNSEEN, servers: [late] }).ok).toBe(false);
    expect(toProofJson({ ...UNSEEN, servers: [] }).ok).toBe(false);
  });

  it("is the same text for the same proof", () => {
    expect(renderProofJson(structuredClone(PROOF))).toBe(renderProofJson(PROOF));
  });
});
