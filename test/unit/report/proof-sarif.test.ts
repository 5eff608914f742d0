import { describe, expect, it } from "vitest";
import { CHECKS } from "../../../src/proof/checks.ts";
import { renderProofSarif, toSarif } from "../../../src/report/proof-sarif.ts";
import { PROOF } from "./proof-fixture.ts";

describe("toSarif", () => {
  const run = toSarif(PROOF).runs[0];
  if (run === undefined) throw new Error("no run");
  const { rules } = run.tool.driver;

  it("is a SARIF 2.1.0 log with every check as a rule", () => {
    expect(toSarif(PROOF)).toMatchObject({
      $schema: "https://json.schemastore.org/sarif-2.1.0.json",
      version: "2.1.0",
    });
    expect(rules.map(({ id }) => id)).toEqual(Object.keys(CHECKS));
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule.name).toMatch(/^[A-Z][A-Za-z0-9]+$/u);
      expect(rule.help.text).not.toBe("");
    }
    expect(run.tool.driver.semanticVersion).toBe("1.2.3");
    expect(run.automationDetails.id).toBe("bootmachine/shop/");
  });

  it("has a result for each failed check, whose index leads to its rule", () => {
    expect(run.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ["users-keys", "error"],
      ["listeners-declared", "warning"],
    ]);
    for (const result of run.results) {
      expect(rules[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(result.locations[0]?.logicalLocations[0]).toEqual({
        name: "web1",
        fullyQualifiedName: "shop/web1",
        kind: "resource",
      });
      expect(result.partialFingerprints).toEqual({
        "bootmachineCheck/v1": `shop/web1/${result.ruleId}`,
      });
    }
  });

  it("is the same text for the same proof", () => {
    expect(renderProofSarif(structuredClone(PROOF))).toBe(renderProofSarif(PROOF));
  });
});
