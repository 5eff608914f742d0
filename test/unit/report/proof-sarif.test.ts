import { describe, expect, it } from "vitest";
import { failed } from "../../../src/proof/check-result.ts";
import { CHECKS } from "../../../src/proof/checks.ts";
import { renderProofSarif, toSarif } from "../../../src/report/proof-sarif.ts";
import { PROOF, UNSEEN } from "./proof-fixture.ts";

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

  it("was not successful where a server was not looked into, and says which", () => {
    expect(run.invocations).toMatchObject([
      { executionSuccessful: true, toolExecutionNotifications: [] },
    ]);
    expect(toSarif(UNSEEN).runs[0]?.invocations).toMatchObject([
      {
        executionSuccessful: false,
        toolExecutionNotifications: [
          {
            level: "error",
            descriptor: { id: "TIMEOUT" },
            locations: [{ logicalLocations: [{ fullyQualifiedName: "shop/dead1" }] }],
          },
          {
            level: "error",
            descriptor: { id: "not-seen" },
            locations: [{ logicalLocations: [{ fullyQualifiedName: "shop/late1" }] }],
          },
        ],
      },
    ]);
  });

  it("has a rule for a check that only the configurator knows", () => {
    const own = {
      ...failed(CHECKS["ssh-answers"], "not enrolled", 1),
      id: "configurator-enrolled",
      title: "the minion is enrolled",
    };
    const servers = ["web1", "web2"].map((server) => ({ server, checks: [own] }));
    const log = toSarif({ ...PROOF, servers }).runs[0];
    expect(log?.tool.driver.rules).toHaveLength(Object.keys(CHECKS).length + 1);
    for (const result of log?.results ?? []) {
      expect(log?.tool.driver.rules[result.ruleIndex]).toMatchObject({
        id: "configurator-enrolled",
        shortDescription: { text: "the minion is enrolled" },
      });
    }
    expect(log?.results).toHaveLength(2);
  });

  it("is the same text for the same proof", () => {
    expect(renderProofSarif(structuredClone(PROOF))).toBe(renderProofSarif(PROOF));
  });
});
