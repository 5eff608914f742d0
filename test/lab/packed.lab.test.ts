import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const STEP_LIMIT_MS = 600_000;

interface StepResult {
  readonly status: number | null;
  readonly output: string;
}

describe("the packed package, in an empty folder", () => {
  let folder: string;

  function step(command: string, ...words: readonly string[]): Promise<StepResult> {
    // Only what a user's shell has: no development tool is on the path but Node itself.
    const path = `${resolve(process.execPath, "..")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    return new Promise((done, fail) => {
      const child = spawn(command, words, {
        cwd: folder,
        env: {
          ...withoutNpmSettings(),
          PATH: path,
          NO_COLOR: "1",
          SSH_AUTH_SOCK: "",
        },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: STEP_LIMIT_MS,
      });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.once("error", fail);
      child.once("close", (status) => {
        done({ status, output });
      });
    });
  }

  async function succeed(command: string, ...words: readonly string[]): Promise<string> {
    const { status, output } = await step(command, ...words);
    expect(status, output).toBe(0);
    return output;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "packed-"));
    const packed = spawn(
      "npm",
      ["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder],
      {
        cwd: ROOT,
        stdio: "ignore",
      },
    );
    await new Promise((done) => packed.once("close", done));
    const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
    expect(tarball).toBeDefined();
    // A new project as npm makes it; the newer npm writes the type, which is the harder case.
    await succeed("npm", "init", "-y");
    await succeed("npm", "pkg", "set", "type=commonjs");
    await succeed("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", `./${tarball}`);
  });

  afterAll(async () => {
    await step("npx", "bootmachine", "destroy", "--yes");
    await rm(folder, { recursive: true, force: true });
  });

  it("shows its help", async () => {
    expect(await succeed("npx", "bootmachine", "--help")).toContain("bootmachine init");
  });

  it("installs its runtime dependencies only", async () => {
    const installed = await readdir(join(folder, "node_modules"));
    expect(installed.filter((name) => /^(typescript|vitest|oxlint|knip|node)$/.test(name))).toEqual(
      [],
    );
  });

  it("writes a config that compiles against the package's own types", async () => {
    await succeed("npx", "bootmachine", "init", "--yes");
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          target: "es2024",
          lib: ["es2024"],
          types: [],
          strict: true,
          noEmit: true,
          exactOptionalPropertyTypes: true,
          allowImportingTsExtensions: true,
          skipLibCheck: true,
        },
        include: ["bootmachine.config.ts"],
      }),
    );
    const tsc = resolve(ROOT, "node_modules/.bin/tsc");
    await succeed(tsc, "-p", folder);
    // And the types are real ones: a wrong option of a plug-in is an error.
    const config = join(folder, "bootmachine.config.ts");
    const good = await readFile(config, "utf8");
    await writeFile(config, good.replace(/local\([^)]*\)/, "local({ nonsense: 1 })"));
    const { status, output } = await step(tsc, "-p", folder);
    await writeFile(config, good);
    expect(status, output).not.toBe(0);
    expect(output).toContain("nonsense");
  });

  it("reads that config without a word of Node's", async () => {
    const { output } = await step("npx", "bootmachine", "plan");
    expect(output).toContain("web1\n  boot: would be created");
    expect(output).not.toMatch(/Warning|CONFIG_/);
  });

  it.each(["salt", "puppet", "chef", "ansible"])("brings the starter kit of %s", async (name) => {
    await mkdir(join(folder, `with-${name}`));
    const home = folder;
    folder = join(home, `with-${name}`);
    try {
      const program = join(home, "node_modules/.bin/bootmachine");
      const output = await succeed(program, "init", "--yes", "--configurator", name);
      expect(output).toContain(`in ./${name}, yours to change`);
      expect((await readdir(join(folder, name))).length).toBeGreaterThan(1);
    } finally {
      folder = home;
    }
  });

  it("boots, secures and proves a server, finds nothing to do the next time, and destroys it", async () => {
    const up = await succeed("npx", "bootmachine", "up", "--yes");
    expect(up).toContain("Log in:     npx bootmachine ssh web1\n");
    await succeed("npx", "bootmachine", "verify");
    await succeed("npx", "bootmachine", "plan");
    await succeed("npx", "bootmachine", "destroy", "--yes");
    expect(await succeed("npx", "bootmachine", "status", "--json")).not.toContain('"running"');
  });
});

/** The environment without what the `npm run` around this test has put there. */
function withoutNpmSettings(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
}
