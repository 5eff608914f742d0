import { expect, test } from "vitest";

import { reportError } from "../../../src/cli/report-error.ts";
import type { Surroundings } from "../../../src/cli/context.ts";
import { UserError } from "../../../src/errors/error.ts";

async function shown(hint: string, rehearse: boolean): Promise<string> {
  let text = "";
  const stream = { write: (part: string) => (text += part) !== "" };
  const surroundings: Surroundings = {
    env: {},
    cwd: "/",
    version: "0",
    stdout: stream,
    stderr: stream,
    isInputTerminal: false,
    signal: new AbortController().signal,
    hardSignal: new AbortController().signal,
  };
  const error = new UserError("MACHINE_MISSING", "There is no machine for web1.", { hint });
  await reportError(surroundings, { json: false, color: false, verbose: false, rehearse }, error);
  return text;
}

test("in a rehearsal, commands that are named mean the rehearsal with the flag only", async () => {
  const hint = "`bootmachine up` makes it.";
  expect(await shown(hint, true)).toMatch(/makes it\.\n.*with --rehearse only/);
  expect(await shown(hint, false)).not.toContain("--rehearse");
  expect(await shown("Look at the cable.", true)).not.toContain("--rehearse");
});
