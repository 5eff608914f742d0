import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CHECKS_REFERENCE,
  renderChecksReference,
} from "../../../scripts/generate-checks-reference.ts";
import { assessProof } from "../../../src/proof/assess-proof.ts";
import { failed, passed, skipped } from "../../../src/proof/check-result.ts";
import { CHECKS, findCheck } from "../../../src/proof/checks.ts";

const ALL = Object.entries(CHECKS);

describe("CHECKS", () => {
  it.each(ALL)("%s is complete and stands under its own id", (key, check) => {
    expect(check.id).toBe(key);
    expect(check.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/u);
    expect(check.title).not.toMatch(/\.$/u);
    expect(check.reason).toMatch(/\.$/u);
    expect(check.todo).toMatch(/\.$/u);
    if ("cis" in check) {
      expect(check.cis).toMatch(/^CIS Debian Linux 12 v1\.1\.0 \d+(\.\d+)+(, \d+(\.\d+)+)*$/u);
    }
  });

  it("is found by id, and nothing else is", () => {
    expect(findCheck("ssh-root-refused")).toBe(CHECKS["ssh-root-refused"]);
    expect(findCheck("toString")).toBeUndefined();
  });

  it("is what docs/reference/checks.md says (npm run generate)", () => {
    const page = readFileSync(resolve(import.meta.dirname, "../../..", CHECKS_REFERENCE), "utf8");
    expect(page).toBe(renderChecksReference());
    for (const [id] of ALL) expect(page).toContain(`### \`${id}\``);
  });
});

describe("assessProof", () => {
  const error = CHECKS["ssh-root-refused"];
  const warning = CHECKS["ports-undeclared-silent"];

  it("counts, and lets warnings pass", () => {
    const results = [passed(error, "", 1), failed(warning, "", 1), skipped(error, "")];
    expect(assessProof([{ server: "web1", checks: results }])).toEqual({
      ok: true,
      passed: 1,
      failed: 0,
      warnings: 1,
      skipped: 1,
      errors: 0,
    });
    expect(
      assessProof([{ server: "web1", checks: [...results, failed(error, "", 1)] }]),
    ).toMatchObject({ ok: false, failed: 1 });
  });
});
