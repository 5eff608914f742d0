import { expect, test } from "vitest";

import { load } from "../../../../src/providers/ec2/sdk.ts";

test("a package that is not installed is told with what to do; other failures stay what they are", async () => {
  const name = "@aws-sdk/client-of-nothing";
  await expect(load(name, async () => (await import(name)) as unknown)).rejects.toMatchObject({
    code: "PREREQUISITE_MISSING",
    message: `The provider ec2 needs the package ${name}.`,
    hint: `Install it beside bootmachine: npm install ${name}`,
  });
  // Another package that it needs in turn.
  await expect(
    load("@aws-sdk/client-ec2", async () => (await import(name)) as unknown),
  ).rejects.toThrow(/client-of-nothing/);
});
