import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { makeKeyPair } from "../../../src/host/key-pair.ts";
import { makeProject, startProgram } from "./start-program.ts";

/** Runs its last argument here, as the real one does there. */
const SSH = '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n';

let directory: string;

beforeAll(async () => {
  const { publicKey } = makeKeyPair("the host");
  directory = await makeProject(`
    observe: async () => [machine],
    identity: async () => ({ proof: "pinned", keys: [${JSON.stringify(publicKey)}] }),`);
  await mkdir(join(directory, "bin"));
  await writeFile(join(directory, "bin/ssh"), SSH);
  await chmod(join(directory, "bin/ssh"), 0o755);
});
afterAll(async () => await rm(directory, { recursive: true, force: true }));

test.each([0, 1, 7, 70, 255])("ssh's exit status %i is the program's", async (wanted) => {
  const program = startProgram(["ssh", "web1", "--", `echo there; exit ${wanted}`], directory, {
    PATH: `${join(directory, "bin")}:${process.env["PATH"]}`,
  });
  expect(await program.result).toEqual({ status: wanted, stdout: "there\n", stderr: "" });
});
