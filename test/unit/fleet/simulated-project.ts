import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "vitest";

import { makeKeyPair } from "../../../src/host/key-pair.ts";
import { OpenStackSimulator } from "../../simulators/openstack/openstack-simulator.ts";
import { startProgram } from "../cli/start-program.ts";

/** A user's directory with a stack of these servers at a simulated cloud of its own, and the real command run in it. */
export async function inSimulatedProject(
  servers: readonly string[],
  options: Readonly<Record<string, unknown>>,
  body: (
    cloud: OpenStackSimulator,
    run: (...words: readonly string[]) => Promise<string>,
  ) => Promise<void>,
): Promise<void> {
  const cloud = await OpenStackSimulator.start();
  // Where a connection is refused at once.
  cloud.project.nextAddressIs("127.0.0.1");
  const directory = await mkdtemp(join(tmpdir(), "simulated-"));
  try {
    const pair = makeKeyPair("bootmachine tests");
    await writeFile(join(directory, "key"), pair.privateKey, { mode: 0o600 });
    await writeFile(join(directory, "key.pub"), `${pair.publicKey}\n`);
    const provider = {
      name: "openstack",
      image: "debian-12",
      networks: ["private"],
      pollMs: 20,
      ...options,
    };
    await writeFile(
      join(directory, "bootmachine.config.json"),
      JSON.stringify({
        name: "shop",
        provider,
        ssh: { identityFile: "./key", configFile: "none", readyTimeoutSeconds: 1 },
        users: [{ name: "ada", sudo: "nopasswd", keys: ["./key.pub"] }],
        servers: servers.map((name) => ({ name, size: "m1.small" })),
      }),
    );
    await body(cloud, async (...words) => {
      const { result } = startProgram(words, directory, cloud.environment);
      const { status, stdout, stderr } = await result;
      expect(status, `${words.join(" ")}\n${stdout}${stderr}`).toBe(0);
      return stdout;
    });
  } finally {
    await cloud.close();
    await rm(directory, { recursive: true });
  }
}
