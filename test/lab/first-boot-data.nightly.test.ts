import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { firstBootData, NONCE_PATH } from "../../src/host/first-boot-data.ts";
import { makeKeyPair } from "../../src/host/key-pair.ts";
import { StackProject } from "./stack-project.ts";

const SOURCE = resolve(import.meta.dirname, "../../src/index.ts");

/** Local servers that are given what a cloud's servers are given: user-data, and the image's own user. */
const config = (name: string, userData: string, hostKey: string): string => `
import { defineStack, local } from ${JSON.stringify(SOURCE)};

const inner = local({ userData: ${JSON.stringify(userData)} });
const asDebian = (machine) => ({
  ...machine,
  login: { user: "debian", port: 22 },
  firstBoot: { nonce: machine.server === "odd" ? "nonce-2" : "nonce-1", isOnlyWay: true },
});

export default defineStack({
  name: ${JSON.stringify(name)},
  provider: {
    ...inner,
    capabilities: { ...inner.capabilities, identity: ["injected"] },
    observe: async (context) => (await inner.observe(context)).map(asDebian),
    ensure: async (request, context) => asDebian(await inner.ensure(request, context)),
    identity: async () => ({ proof: "injected", keys: [${JSON.stringify(hostKey)}] }),
  },
  operator: "ada",
  users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
  ssh: { port: 2849, identityFile: "./id", configFile: "none" },
  upgrades: { atBoot: "none" },
  servers: [
    { name: "d12", image: "debian-12" },
    { name: "d13", image: "debian-13" },
    { name: "odd", image: "debian-12" },
  ],
});
`;

describe("user-data under real cloud-init, 22.4 on Debian 12 and 25.1 on Debian 13", () => {
  const hostKey = makeKeyPair();
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create("fbd", []);
    await rm(join(project.directory, "bootmachine.config.yaml"));
    const bootstrapKeys = [(await readFile(join(project.directory, "id.pub"), "utf8")).trim()];
    const userData = firstBootData({ bootstrapKeys, hostKey, nonce: "nonce-1" });
    await writeFile(
      join(project.directory, "bootmachine.config.ts"),
      config(project.name, userData, hostKey.publicKey),
    );
  });
  afterAll(async () => await project.remove());

  const pinned = async (): Promise<readonly string[]> =>
    (await project.readState("known_hosts")).trim().split("\n").toSorted();

  it("the first session is proved by the injected key, which is then replaced; the nonce is there", async () => {
    const up = await project.run("up", "--yes", "--json", "--server", "d*");
    expect(up.status, `${up.stdout.slice(-4000)}\n${up.stderr}`).toBe(0);
    for (const server of ["d12", "d13"]) {
      const prints = up.events.flatMap((event) =>
        event.type === "identity" && event.server === server ? event.fingerprints : [],
      );
      expect(new Set(prints).size, server).toBe(2);
      const script = `cat ${NONCE_PATH}; ls /etc/ssh/*_key.pub; cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub`;
      const [nonce, file, key] = (await project.onServer(server, script)).stdout.split("\n");
      expect([nonce, file], server).toEqual(["nonce-1", "/etc/ssh/ssh_host_ed25519_key.pub"]);
      expect(key, server).toMatch(/^ssh-ed25519 /);
      expect(key, server).not.toBe(hostKey.publicKey);
    }
  });

  it("without the provider's help the new key is remembered here, and is not replaced again", async () => {
    const before = await pinned();
    expect(before.join()).not.toContain(hostKey.publicKey);
    expect(before.length).toBe(2);
    const up = await project.run("up", "--yes", "--server", "d*");
    expect(up.stdout.split("\n").at(-1), up.stdout.slice(-2000)).toMatch(/^Everything is in place/);
    expect(await pinned()).toEqual(before);
  });

  it("a new server on which other user-data was carried out is refused in its first session, and nothing is done there", async () => {
    const up = await project.run("up", "--yes", "--json", "--server", "odd");
    expect(up.status).not.toBe(0);
    const errors = up.events.flatMap((event) => (event.type === "error" ? [event.error] : []));
    expect(errors.map(({ code, phase }) => [code, phase])).toEqual([
      ["FIRST_BOOT_UNPROVEN", "trust"],
    ]);
    expect(up.events.some((event) => event.type === "reached")).toBe(false);
  });
});
