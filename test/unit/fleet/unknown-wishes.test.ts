import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ErrorRecord } from "../../../src/errors/error.ts";
import { makeKeyPair } from "../../../src/host/key-pair.ts";
import { OpenStackSimulator } from "../../simulators/openstack/openstack-simulator.ts";
import { startProgram } from "../cli/start-program.ts";

let cloud: OpenStackSimulator;
let directory: string;
beforeEach(async () => {
  cloud = await OpenStackSimulator.start();
  directory = await mkdtemp(join(tmpdir(), "unknown-"));
  const pair = makeKeyPair("bootmachine tests");
  await writeFile(join(directory, "key"), pair.privateKey, { mode: 0o600 });
  await writeFile(join(directory, "key.pub"), `${pair.publicKey}\n`);
});
afterEach(async () => {
  await cloud.close();
  await rm(directory, { recursive: true });
});

/** Runs a command on two servers, web and db. @returns the error that it ends with, and its status */
async function run(
  command: "boot" | "plan",
  options: object,
  ofDb: object = {},
): Promise<{ readonly status: number | null; readonly error: ErrorRecord | undefined }> {
  const common = { name: "openstack", image: "debian-12", networks: ["private"], size: "m1.small" };
  await writeFile(
    join(directory, "bootmachine.config.json"),
    JSON.stringify({
      name: "shop",
      provider: { ...common, pollMs: 20, ...options },
      ssh: { identityFile: "./key", configFile: "none" },
      users: [{ name: "ada", sudo: "nopasswd", keys: ["./key.pub"] }],
      servers: [{ name: "web" }, { name: "db", ...ofDb }],
    }),
  );
  const words = [command, "--json", ...(command === "boot" ? ["--yes"] : [])];
  const { status, stdout } = await startProgram(words, directory, cloud.environment).result;
  const error = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly type: string; readonly error?: ErrorRecord })
    .find(({ type }) => type === "error")?.error;
  return { status, error };
}

/** Calls that make or change something. */
const changes = (): readonly string[] =>
  cloud.calls
    .filter(({ method, path }) => method !== "GET" && !path.includes("tokens"))
    .map(({ method, path }) => `${method} ${path}`);

describe("what the cloud does not have is told before anything is made, the security group included", () => {
  test.each([
    ["an image by its id", {}, { image: randomUUID() }, "IMAGE_UNKNOWN", /no active image/],
    ["an image of an unknown login", {}, { image: "tiny" }, "CONFIG_INVALID", /image tiny/],
    ["a network", { networks: ["privat"] }, {}, "PROVIDER_NOT_FOUND", /no network privat\b/],
    [
      "no network of several",
      { networks: undefined },
      {},
      "PROVIDER_NOT_FOUND",
      /several networks/,
    ],
    ["a zone", { availabilityZone: "nowa" }, {}, "PROVIDER_NOT_FOUND", /zone nowa/],
    ["a key pair", { keyPair: "mine" }, {}, "PROVIDER_NOT_FOUND", /key pair mine/],
    ["a group", { securityGroups: ["ours"] }, {}, "PROVIDER_NOT_FOUND", /security group ours/],
    ["an external network", { floatingIps: "pub" }, {}, "PROVIDER_NOT_FOUND", /network pub\b/],
  ] as const)("%s", async (_what, options, ofDb, code, message) => {
    const { status, error } = await run("boot", options, ofDb);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    // Of one server it is that server's; of all it is nobody's own.
    expect(error?.server).toBe("image" in ofDb ? "db" : undefined);
    expect(status).not.toBe(0);
    expect(changes()).toEqual([]);
    expect(cloud.project.servers).toEqual([]);
  });

  test("of several all are told, each with its server", async () => {
    const { error } = await run("boot", { image: randomUUID() }, { image: "debian-21" });
    expect(error).toMatchObject({
      code: "IMAGE_UNKNOWN",
      message: "2 wishes of the config cannot be met; nothing was made.",
      problems: [
        {
          path: "web",
          message: expect.stringMatching(/^OpenStack has no active image .*[^.]$/) as string,
        },
        { path: "db", message: expect.stringMatching(/no active image "debian-21"/) as string },
      ],
    });
    expect(changes()).toEqual([]);
  });

  test("a plan tells it too", async () => {
    const { error } = await run("plan", { availabilityZone: "nowa" });
    expect(error).toMatchObject({ code: "PROVIDER_NOT_FOUND" });
    expect(changes()).toEqual([]);
  });

  test("a cloud that gives no answer to the question is told as that", async () => {
    cloud.faults.add({ match: /zone/, times: 99, act: { kind: "status", status: 503 } });
    const { error } = await run("boot", { availabilityZone: "nova" });
    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE" });
    expect(changes()).toEqual([]);
  });
});

test("what was looked for before is not asked for again by the creates", async () => {
  expect(
    await run("boot", { availabilityZone: "nova", securityGroups: ["default"] }),
  ).toMatchObject({
    status: 0,
  });
  expect(cloud.project.servers).toHaveLength(2);
  for (const once of [/\/images\?/, /flavors/, /\/networks/, /zone/])
    expect(cloud.count(once), String(once)).toBe(1);
});

test("a boot that went well asks for the servers no more when all are up: its ssh_config is made of what it has seen", async () => {
  expect(await run("boot", {})).toMatchObject({ status: 0 });
  // Before anything is made, before the creates, and after them.
  expect(cloud.count(/servers\/detail/)).toBe(3);
  const config = await readFile(join(directory, ".bootmachine/shop/ssh_config"), "utf8");
  for (const { address } of cloud.project.servers) expect(config).toContain(address);
});
