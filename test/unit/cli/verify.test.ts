import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { lockStack } from "../../../src/fleet/stack-lock.ts";
import { makeKeyPair } from "../../../src/host/key-pair.ts";
import type { ProofJson } from "../../../src/report/proof-json.ts";
import type { SarifLog } from "../../../src/report/proof-sarif.ts";
import { parseXml } from "../report/strict-xml.ts";
import { type CliResult, runInProcess } from "./run-in-process.ts";
import { type ProgramResult, startProgram } from "./start-program.ts";

/** A port of this computer on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("verify of a server that nobody gets into", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "verify-"));
    const pair = makeKeyPair("bootmachine tests");
    await writeFile(join(directory, "id"), pair.privateKey, { mode: 0o600 });
    await writeFile(join(directory, "id.pub"), `${pair.publicKey}\n`);
    const host = { address: "127.0.0.1", hostKey: makeKeyPair().publicKey };
    await writeFile(
      join(directory, "bootmachine.config.json"),
      JSON.stringify({
        name: "shop",
        provider: { name: "existing", hosts: { dead1: host } },
        operator: "ada",
        users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
        ssh: {
          port: await closedPort(),
          identityFile: "./id",
          configFile: "none",
          readyTimeoutSeconds: 1,
          connectTimeoutSeconds: 1,
        },
        servers: [{ name: "dead1" }],
      }),
    );
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const verify = (...flags: readonly string[]): Promise<CliResult> =>
    runInProcess(["verify", ...flags], {
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "" },
    });

  test("is not ok in JSON, and says what was seen from outside", async () => {
    const { status, stdout, stderr } = await verify("--format", "json");
    expect(status, stderr).toBe(1);
    const proof = JSON.parse(stdout) as ProofJson;
    expect(proof).toMatchObject({
      ok: false,
      totals: { passed: 0, errors: 1 },
      servers: [{ server: "dead1", ok: false, error: { code: "TIMEOUT" } }],
    });
    const checks = proof.servers[0]?.checks ?? [];
    const failed = checks.filter(({ status: seen }) => seen === "failed").map(({ id }) => id);
    expect(failed).toEqual(expect.arrayContaining(["ssh-answers", "operator-login"]));
    expect(checks.find(({ id }) => id === "ssh-answers")?.detail).toContain("Connection refused");
    // Every check of the table has its place, also those that could not be seen.
    expect(checks.find(({ id }) => id === "firewall-rules")?.status).toBe("skipped");
  });

  describe("because this computer has no ssh", () => {
    // What other commands remember beside the config has no place beside that of the other tests.
    let own: string;
    beforeAll(async () => {
      own = await mkdtemp(join(tmpdir(), "no-ssh-"));
      await cp(directory, own, { recursive: true });
      await mkdir(join(own, "empty"));
    });
    afterAll(async () => rm(own, { recursive: true, force: true }));
    const run = async (...argv: readonly string[]): Promise<ProgramResult> =>
      await startProgram(argv, own, { PATH: join(own, "empty") }).result;

    test("says so, and judges nothing", async () => {
      const { status, stdout, stderr } = await run("verify", "--format", "json");
      expect(status, stderr).toBe(1);
      const proof = JSON.parse(stdout) as ProofJson;
      expect(proof).toMatchObject({
        ok: false,
        totals: { passed: 0, failed: 0, errors: 1 },
        servers: [{ server: "dead1", checks: [], error: { code: "PREREQUISITE_MISSING" } }],
      });
      expect(proof.servers[0]?.error?.message).toContain("`ssh` is not on this computer");
    });

    test.each([
      ["plan"],
      ["exec", "--", "true"],
      ["up", "--yes"],
      ["boot", "--yes"],
      ["ssh", "dead1"],
    ])("%s says at once what to install", async (...argv) => {
      const { status, stdout, stderr } = await run(...argv);
      const said = `${stdout}${stderr}`;
      expect(status, said).toBeGreaterThan(0);
      expect(said).toContain("`ssh` is not on this computer");
      expect(said).toContain("openssh-client");
      expect(said).not.toContain("TIMEOUT");
      expect(said).not.toContain("did not let us in");
    });
  });

  test("is not called proved in the table", async () => {
    const { status, stdout } = await verify();
    expect(status).toBe(1);
    expect(stdout).toMatch(/NOT SEEN {2}TIMEOUT: dead1 did not let us in/u);
    expect(stdout).toMatch(/1 server not looked into\. Not proved\.\n$/u);
  });

  test("is an error in JUnit", async () => {
    const { status, stdout } = await verify("--format", "junit");
    expect(status).toBe(1);
    const root = parseXml(stdout);
    expect(root.attributes["errors"]).toBe("1");
    expect(Number(root.attributes["failures"])).toBeGreaterThanOrEqual(2);
  });

  test("is an execution without success in SARIF", async () => {
    const { status, stdout } = await verify("--format", "sarif");
    expect(status).toBe(1);
    const run = (JSON.parse(stdout) as SarifLog).runs[0];
    expect(run?.invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [{ descriptor: { id: "TIMEOUT" } }],
    });
    expect(run?.results.map(({ ruleId }) => ruleId)).toContain("ssh-answers");
  });

  test("takes no lock, and says where another run holds it", async () => {
    const state = join(directory, ".bootmachine", "shop");
    const lock = await lockStack(join(state, "lock"), "bob@elsewhere", "up");
    try {
      const { status, stdout } = await verify("--json");
      expect(status).toBe(1);
      expect(stdout).toContain("`up` by bob@elsewhere works on this stack");
    } finally {
      await lock.release();
    }
    // And it remembers nothing but its journal.
    expect(await readdir(state)).toEqual(["journal"]);
    const journals = await readdir(join(state, "journal"));
    expect(await readFile(join(state, "journal", journals[0] ?? ""), "utf8")).toContain(
      '"type":"check"',
    );
  });
});
