import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { StackProject } from "./stack-project.ts";

const PACKAGE = resolve(import.meta.dirname, "../../src");

/**
 * The local provider, as if it had injected its key: what it keeps is a file beside the config, so that each run of
 * the command finds what the one before has kept.
 */
const CONFIG = (name: string, proof: "injected" | "console"): string => `
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { defineStack, local } from ${JSON.stringify(join(PACKAGE, "index.ts"))};

const inner = local();
const FILE = import.meta.dirname + "/kept.json";

export default defineStack({
  name: ${JSON.stringify(name)},
  provider: {
    ...inner,
    capabilities: { ...inner.capabilities, identity: ["published", "${proof}"] },
    identity: async (machine, context) => {
      if (existsSync(FILE)) return JSON.parse(readFileSync(FILE, "utf8"));
      if (process.env["CONSOLE_IS_EMPTY"] !== undefined) throw new Error("no keys in the console");
      return { proof: "${proof}", keys: (await inner.identity(machine, context)).keys };
    },
    keepIdentity: async (_machine, identity) => {
      writeFileSync(FILE, JSON.stringify(identity));
      const log = FILE.replace("kept", "log");
      const before = existsSync(log) ? readFileSync(log, "utf8") : "";
      writeFileSync(log, before + JSON.stringify(identity) + "\\n");
      if (process.env["DIE_AFTER"] === identity.proof) process.kill(process.pid, "SIGKILL");
    },
  },
  operator: "ada",
  users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
  ssh: { port: 2849, identityFile: "./id", configFile: "none" },
  upgrades: { atBoot: "none" },
  servers: [{ name: "box", image: "debian-13" }],
});
`;

async function createProject(proof: "injected" | "console"): Promise<StackProject> {
  const project = await StackProject.create("key", []);
  await rm(join(project.directory, "bootmachine.config.yaml"));
  await writeFile(join(project.directory, "bootmachine.config.ts"), CONFIG(project.name, proof));
  return project;
}

describe("an injected host key", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await createProject("injected");
  });
  afterAll(async () => await project.remove());

  const kept = async (): Promise<
    readonly { readonly proof: string; readonly keys: readonly string[] }[]
  > =>
    (await readFile(join(project.directory, "log.json"), "utf8"))
      .trim()
      .split("\n")
      .map(
        (line) => JSON.parse(line) as { readonly proof: string; readonly keys: readonly string[] },
      );

  it("is known in both forms when the controller dies before the switch", async () => {
    const killed = await project.start(["boot", "--yes"]).result;
    expect(killed.status, killed.stderr).toBe(0);
    const cut = await project.start(["up", "--yes"], { env: { DIE_AFTER: "injected" } }).result;
    expect(cut.signal).toBe("SIGKILL");
    expect((await kept()).map(({ proof, keys }) => [proof, keys.length])).toEqual([
      ["injected", 2],
    ]);
  });

  it("is replaced by the next run, over a connection that only the new one can answer", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, `${up.stdout.slice(-3000)}\n${up.stderr}`).toBe(0);
    const proofs = up.events.flatMap((event) => (event.type === "identity" ? [event.proof] : []));
    expect(proofs).toEqual(["injected", "published"]);
    const [first] = await kept();
    const last = (await kept()).at(-1);
    expect(last?.proof).toBe("published");
    // The key that was announced before the crash is the one that is used after it.
    expect(last?.keys).toEqual([first?.keys[1]]);
    const file = await project.readState("known_hosts");
    expect(file.trim().split("\n")).toEqual([`${project.name}.box ${last?.keys[0] ?? ""}`]);
    const host = await project.onServer(
      "box",
      "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub; ls /etc/ssh",
    );
    expect(host.status).toBe(0);
    expect(host.stdout.split("\n")[0]).toBe(last?.keys[0]);
    expect(host.stdout).not.toContain("bootmachine-next");
  });

  it("stays from then on, also for another controller without our records", async () => {
    const before = await kept();
    await rm(join(project.directory, ".bootmachine"), { recursive: true });
    const up = await project.run("up", "--yes");
    expect(up.stdout.split("\n").at(-1), up.stdout.slice(-2000)).toMatch(/^Everything is in place/);
    expect(await kept()).toEqual(before);
  });
});

describe("a host key that the console has shown", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await createProject("console");
  });
  afterAll(async () => await project.remove());

  it("is kept by the provider once a session has proved it: another controller needs no console any more", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, `${up.stdout.slice(-3000)}\n${up.stderr}`).toBe(0);
    const proofs = up.events.flatMap((event) => (event.type === "identity" ? [event.proof] : []));
    expect(proofs).toEqual(["console"]);
    await rm(join(project.directory, ".bootmachine"), { recursive: true });
    const other = await project.start(["up", "--yes"], { env: { CONSOLE_IS_EMPTY: "1" } }).result;
    expect(other.status, `${other.stdout.slice(-3000)}\n${other.stderr}`).toBe(0);
    expect(other.stdout.split("\n").at(-1)).toMatch(/^Everything is in place/);
    const key = await project.onServer(
      "box",
      "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub",
    );
    const file = await project.readState("known_hosts");
    expect(file.trim()).toBe(`${project.name}.box ${key.stdout.trim()}`);
  });
});
