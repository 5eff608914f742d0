import { rm } from "node:fs/promises";

import { afterEach, describe, expect, test, vi } from "vitest";

import { makeProject, startProgram, type ProgramResult } from "./start-program.ts";

// Each test starts a program, and a busy computer takes seconds for one.
vi.setConfig({ testTimeout: 60_000 });

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0))
    await rm(directory, { recursive: true, force: true });
});

/** A tool with an agent on each server, its members written in the config itself. */
const tool = (more = ""): string => `master: "web1", configurator: {
  kind: "configurator", apiVersion: 1, name: "inline", topology: "agent", masterPorts: [],
  minimumMemoryMb: { master: 0, agent: 0 },
  install: () => [], enroll: () => [], trees: () => [], configure: () => [], run: () => undefined, verify: () => [],
  ${more}
},`;
const REVOKES = `revoke: () => [],`;

async function run(settings: string, ...words: readonly string[]): Promise<ProgramResult> {
  const directory = await makeProject("", settings);
  directories.push(directory);
  return startProgram(["configurator", ...words], directory).result;
}

describe("bootmachine configurator", () => {
  test.each([
    ["agents"],
    ["accept", "web1"],
    ["revoke", "web1", "--yes"],
    ["restart"],
    ["push"],
    ["run"],
  ])("%s without a configurator is refused, with what to do", async (...words) => {
    const { status, stderr } = await run("", ...words);
    expect(stderr).toContain("CAPABILITY_MISSING");
    expect(stderr).toContain("The stack shop has no configurator.");
    expect(stderr).toContain("Set `configurator` in the config.");
    expect(status).toBe(3);
  });

  test.each([
    [["agents"], "The configurator inline keeps no list of agents."],
    [["revoke", "web2", "--yes"], "trusts nobody by a key that could be revoked."],
    [
      ["revoke", "--fingerprint", "ab:cd:ef:01:23:45", "--yes"],
      "revokes agents by their names, and no keys by their fingerprints.",
    ],
    [["restart"], "The configurator inline has no daemons."],
  ])("%j of a tool that cannot do it is refused", async (words, message) => {
    const { status, stderr } = await run(tool(), ...words);
    expect(stderr).toContain(message);
    expect(status).toBe(3);
  });

  test("accept of a stranger is refused with the reason, and what to do instead", async () => {
    const { status, stderr } = await run(tool(), "accept", "rogue");
    expect(stderr).toContain("AGENT_STRANGE");
    expect(stderr).toContain("nothing proves that the agent's key is its own");
    expect(stderr).toContain("bootmachine configurator revoke rogue");
    expect(stderr).toContain("Servers: web1, web2.");
    expect(status).toBe(3);
  });

  test("accept takes no pattern: one server is named", async () => {
    expect((await run(tool(), "accept", "web*")).stderr).toContain("AGENT_STRANGE");
  });

  test("revoke asks, and where nobody can be asked nothing is revoked", async () => {
    const { status, stderr } = await run(tool(REVOKES), "revoke", "web2");
    expect(stderr).toContain("NOT_CONFIRMED");
    expect(stderr).toContain("bootmachine configurator revoke web2 --yes");
    expect(status).toBe(3);
  });

  test("revoke of a key asks as well, and says how not to be asked", async () => {
    const keys = `${REVOKES} revokeKey: () => [],`;
    const fingerprint = ["--fingerprint", "ab:cd:ef:01:23:45"];
    const { status, stderr } = await run(tool(keys), "revoke", ...fingerprint);
    expect(stderr).toContain("NOT_CONFIRMED");
    expect(stderr).toContain("configurator revoke --fingerprint ab:cd:ef:01:23:45 --yes");
    expect(status).toBe(3);
  });

  test("revoke at a master that cannot be asked has failed: nobody is told that it knew nothing", async () => {
    const { status, stdout } = await run(tool(REVOKES), "revoke", "web2", "--yes");
    expect(stdout).toContain("There is no machine for web1.");
    expect(stdout).toContain(
      "web2: not revoked, or not to the end: the master may still trust it.",
    );
    expect(stdout).not.toContain("did not know");
    expect(status).toBe(1);
    const told = await run(tool(REVOKES), "revoke", "web2", "--yes", "--json");
    expect(told.stdout).not.toContain('"revoked"');
    expect(told.status).toBe(1);
  });

  test("the master's own agent is not revoked", async () => {
    const { status, stderr } = await run(tool(REVOKES), "revoke", "web1", "--yes");
    expect(stderr).toContain("web1 is the master");
    expect(status).toBe(3);
  });

  test("a plan says that the tool comes with a new server", async () => {
    const directory = await makeProject("", tool());
    directories.push(directory);
    const { stdout, status } = await startProgram(["plan"], directory).result;
    expect(stdout).toContain("configure: inline would be installed, enrolled and run");
    expect(status).toBe(0);
  });

  test.each([[["plan"]], [["up", "--yes"]]])(
    "%j refuses a size that the tool cannot live in, before the machine is made",
    async (words) => {
      const directory = await makeProject(
        `sizes: async () => [{ name: "small", cpus: 1, memoryMb: 1024 }],
  ensure: async ({ server }) => { throw new Error("a machine for " + server); },`,
        `${tool().replace("{ master: 0, agent: 0 }", "{ master: 1500, agent: 1000 }")}
  servers: [{ name: "web1", size: "small" }, { name: "web2", size: "small" }],`,
      );
      directories.push(directory);
      const { stdout, status } = await startProgram([...words, "--plain"], directory).result;
      expect(status).toBe(1);
      expect(stdout).toContain(
        "MEMORY_TOO_SMALL The size small has 1024 MB of memory, and inline needs 1500 MB on the master.",
      );
      expect(stdout).not.toContain("a machine for web1");
      // The other one has enough, and goes on.
      expect(stdout.includes("a machine for web2")).toBe(words.includes("up"));
    },
  );

  test("where there are no machines yet, each command says so", async () => {
    const agents = await run(tool(`agents: { script: "true", parse: () => [] },`), "agents");
    expect(agents.stderr).toContain("MACHINE_MISSING");
    expect(agents.stderr).toContain("There is no machine for web1.");
    expect(agents.status).toBe(2);
    const pushed = await run(tool(), "push", "--json");
    const events = pushed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.at(-1)?.type).toBe("run-ended");
    expect(pushed.stdout).toContain("There is no machine for web1.");
    expect(pushed.status).toBe(1);
  });
});
