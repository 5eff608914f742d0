import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { makeKeyPair } from "../../../src/host/key-pair.ts";
import { OpenStackSimulator } from "../../simulators/openstack/openstack-simulator.ts";
import { startProgram } from "../cli/start-program.ts";

it("a second machine of a server, of a create whose answer was lost, is shown by status and removed by the next boot", async () => {
  const cloud = await OpenStackSimulator.start();
  // Where a connection is refused at once.
  cloud.project.nextAddressIs("127.0.0.1");
  const directory = await mkdtemp(join(tmpdir(), "duplicates-"));
  const pair = makeKeyPair("bootmachine tests");
  await writeFile(join(directory, "key"), pair.privateKey, { mode: 0o600 });
  await writeFile(join(directory, "key.pub"), `${pair.publicKey}\n`);
  await writeFile(
    join(directory, "bootmachine.config.json"),
    JSON.stringify({
      name: "shop",
      provider: { name: "openstack", image: "debian-12", networks: ["private"], pollMs: 20 },
      ssh: { identityFile: "./key", configFile: "none", readyTimeoutSeconds: 1 },
      users: [{ name: "ada", sudo: "nopasswd", keys: ["./key.pub"] }],
      servers: [{ name: "web1", size: "m1.small" }],
    }),
  );
  const run = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await startProgram(words, directory, cloud.environment)
      .result;
    expect(status, `${words.join(" ")}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  try {
    await run("boot", "--yes");
    const [first] = cloud.project.servers;
    if (first === undefined) throw new Error("nothing was made");
    const younger = new Date(Date.parse(first.created) + 1000);
    const created = younger.toISOString().replace(/\.\d+Z$/, "Z");
    // Before the first in the list, so that neither place in it decides.
    cloud.project.servers.unshift({ ...first, id: randomUUID(), portId: randomUUID(), created });
    const shown = JSON.parse(await run("status", "--json")) as {
      readonly machine: { readonly id: string };
      readonly isDuplicate?: true;
    }[];
    expect(shown.map(({ machine, isDuplicate }) => [machine.id === first.id, isDuplicate])).toEqual(
      [
        [true, undefined],
        [false, true],
      ],
    );
    expect(await run("boot", "--yes")).toContain("removing a second machine of it");
    const left = cloud.project.servers.filter(({ deletedAt }) => deletedAt === undefined);
    expect(left.map(({ id }) => id)).toEqual([first.id]);
    expect(JSON.parse(await run("status", "--json"))).toHaveLength(1);
  } finally {
    await cloud.close();
    await rm(directory, { recursive: true });
  }
});
