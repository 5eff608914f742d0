import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

const HERE = resolve(import.meta.dirname, "../../../..");
const PEER = "client-ssm";
let directory: string;

// The program where npm has installed all but one package.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootmachine-peer-"));
  await cp(join(HERE, "src"), join(directory, "src"), { recursive: true });
  await cp(join(HERE, "package.json"), join(directory, "package.json"));
  await mkdir(join(directory, "node_modules/@aws-sdk"), { recursive: true });
  for (const folder of ["node_modules", "node_modules/@aws-sdk"])
    for (const name of await readdir(join(HERE, folder)))
      if (name !== "@aws-sdk" && name !== PEER)
        await symlink(join(HERE, folder, name), join(directory, folder, name));
});
afterAll(async () => await rm(directory, { recursive: true, force: true }));

async function plan(
  image: string,
): Promise<{ readonly status: number | null; readonly said: string }> {
  const config = join(directory, "bootmachine.config.yaml");
  await writeFile(
    config,
    `name: shop\nprovider: { name: ec2, region: eu-central-1, image: ${image} }\nusers: [{ name: ada, sudo: nopasswd, keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4ZZK9uSNyS1SrVlSbNTkpu6eEUYAU93CDHXZTgGxfG] }]\nservers: [{ name: web }]\n`,
  );
  const main = join(directory, "src/cli/main.ts");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, "plan", "--config", config],
    {
      cwd: directory,
      encoding: "utf8",
      timeout: 60_000,
      env: {
        PATH: process.env["PATH"],
        HOME: directory,
        AWS_ACCESS_KEY_ID: "AKIATEST",
        AWS_SECRET_ACCESS_KEY: "s",
        // Nobody listens there: whoever calls it has gone too far.
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      },
    },
  );
  return { status, said: `${stdout}${stderr}`.replaceAll(/\s+/g, " ") };
}

test("an image by parameter without the package for it is a problem of the config; other images need none", async () => {
  const without = await plan("{ ssm: /golden/web }");
  expect(without.status, without.said).toBe(2);
  expect(without.said).toContain(
    "an image of ec2 by parameter needs the package @aws-sdk/client-ssm: install it beside bootmachine (npm install @aws-sdk/client-ssm)",
  );
  const other = await plan("ami-0123456789abcdef0");
  expect(other.said).not.toContain("client-ssm");
  // What it stops at is another thing.
  expect(other.said).toContain("KEY_UNUSABLE");
});
