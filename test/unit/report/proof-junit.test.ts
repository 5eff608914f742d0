import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failed } from "../../../src/proof/check-result.ts";
import { CHECKS } from "../../../src/proof/checks.ts";
import { escapeXml, renderProofJunit } from "../../../src/report/proof-junit.ts";
import { PROOF, UNSEEN } from "./proof-fixture.ts";
import { parseXml, textOf, type XmlElement } from "./strict-xml.ts";

/**
 * The common schema of JUnit reports (the one that Jenkins and others validate against): attributes that must
 * be there, and children in their order.
 */
const SCHEMA: Record<
  string,
  { readonly required: readonly string[]; readonly children: readonly string[] }
> = {
  testsuites: { required: [], children: ["testsuite"] },
  testsuite: {
    required: ["name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id"],
    children: ["properties", "testcase", "system-out", "system-err"],
  },
  properties: { required: [], children: ["property"] },
  property: { required: ["name", "value"], children: [] },
  testcase: {
    required: ["name", "classname", "time"],
    children: ["skipped", "error", "failure", "system-out", "system-err"],
  },
  skipped: { required: [], children: [] },
  failure: { required: ["type"], children: [] },
  error: { required: ["type"], children: [] },
  "system-out": { required: [], children: [] },
};

function validate(element: XmlElement): void {
  const rule = SCHEMA[element.name];
  if (rule === undefined) throw new Error(`unknown element ${element.name}`);
  for (const name of rule.required) expect(element.attributes, element.name).toHaveProperty(name);
  const order = element.children.map(({ name }) => rule.children.indexOf(name));
  expect(order).not.toContain(-1);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  for (const child of element.children) validate(child);
}

describe("renderProofJunit", () => {
  const root = parseXml(renderProofJunit(PROOF));

  it("validates: a suite for each server, a case for each check", () => {
    validate(root);
    expect(root.children.map(({ attributes }) => attributes["name"])).toEqual([
      "shop/web1",
      "shop/db1",
    ]);
    expect(root.children[0]?.attributes).toMatchObject({
      tests: "4",
      failures: "1",
      errors: "0",
      skipped: "1",
      time: "0.019",
      timestamp: "2026-01-02T03:04:05",
    });
    expect(root.attributes).toMatchObject({ tests: "5", failures: "1" });
  });

  it("keeps what was found as it is, but for what XML cannot hold", () => {
    const cases = root.children[0]?.children.filter(({ name }) => name === "testcase") ?? [];
    const failure = cases[1]?.children[0];
    expect(failure?.name).toBe("failure");
    expect(failure?.attributes).toEqual({
      message: 'authorized-keys ada: <1> found & "more"',
      type: "users-keys",
    });
    expect(failure === undefined ? "" : textOf(failure)).toContain(
      "+ ssh-ed25519 AAAA \uFFFD[31mevil\uFFFD ]]> <key>\nnext: ",
    );
  });

  it("has an error for each server that was not looked into", () => {
    const unseen = parseXml(renderProofJunit(UNSEEN));
    validate(unseen);
    expect(unseen.attributes).toMatchObject({ tests: "5", failures: "1", errors: "2" });
    const [, dead, late] = unseen.children;
    expect(dead?.attributes).toMatchObject({
      tests: "3",
      failures: "1",
      errors: "1",
      skipped: "1",
    });
    expect(late?.attributes).toMatchObject({ tests: "1", failures: "0", errors: "1" });
    const [error] = dead?.children.at(-1)?.children ?? [];
    expect(error?.attributes).toEqual({
      message: "TIMEOUT: dead1 did not let us in within 20 s: connection refused.",
      type: "TIMEOUT",
    });
  });

  it("does not turn a build red for a warning", () => {
    const cases = root.children[0]?.children.filter(({ name }) => name === "testcase") ?? [];
    expect(cases[3]?.children.map(({ name }) => name)).toEqual(["system-out"]);
  });

  it("stays well-formed whatever a host says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const checks = [failed(CHECKS["users-keys"], text, 1, [text])];
        const found = parseXml(renderProofJunit({ ...PROOF, servers: [{ server: "a", checks }] }));
        validate(found);
      }),
    );
  });

  it("escapes so that the text comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        expect(textOf(parseXml(`<a>${escapeXml(text)}</a>`))).toBe(text);
        expect(parseXml(`<a b="${escapeXml(text)}"/>`).attributes["b"]).toBe(text);
      }),
    );
  });
});
