import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../../../..");
const SOURCE = join(ROOT, "src/providers/ec2");

interface Statement {
  readonly Action: string | readonly string[];
  readonly Condition?: object;
}

/** The policy to paste; the statement for keys of volumes stands by itself. */
function statements(): readonly Statement[] {
  const page = readFileSync(join(ROOT, "docs/guide/ec2.md"), "utf8");
  const [policy = "{}"] = [...page.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1] ?? "");
  return (JSON.parse(policy) as { readonly Statement: readonly Statement[] }).Statement;
}

const actionsOf = ({ Action }: Statement): readonly string[] =>
  typeof Action === "string" ? [Action] : Action;

/** What the provider calls, as a policy calls it. */
function called(): readonly string[] {
  return readdirSync(SOURCE).flatMap((file) => {
    const service = file === "parameters.ts" ? "ssm" : "ec2";
    return [...readFileSync(join(SOURCE, file), "utf8").matchAll(/\baction: "([A-Za-z]+)"/g)].map(
      ([, action = ""]) => `${service}:${action}`,
    );
  });
}

test("the policy of the guide names what the provider calls, and no more", () => {
  const named = new Set(statements().flatMap(actionsOf));
  expect([...named].toSorted()).toEqual([...new Set(called())].toSorted());
});

test("what changes things that exist is allowed for those alone that are ours", () => {
  const makes = /^ec2:(Describe|Run|Allocate|Import|CreateSecurityGroup)|^ssm:Get/;
  for (const statement of statements())
    for (const action of actionsOf(statement))
      expect(statement.Condition === undefined, action).toBe(makes.test(action));
});
