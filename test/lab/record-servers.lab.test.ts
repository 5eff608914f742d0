import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { firstBootData, NONCE_PATH } from "../../src/host/first-boot-data.ts";
import { makeKeyPair } from "../../src/host/key-pair.ts";
import { runCommand } from "../../src/providers/local/command.ts";
import { hostKeysIn } from "../../src/cloud/console-keys.ts";
import { freeNetwork, RecordServers, type ServerRecord } from "./record-servers.ts";

describe("real servers for the records of a control plane that boots none", () => {
  const injected = makeKeyPair();
  let records: readonly ServerRecord[] = [];
  let servers: RecordServers;
  let directory: string;
  let prefix: string;
  let bootstrapKeys: readonly string[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "rs-"));
    await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(directory, "id")]);
    bootstrapKeys = [(await readFile(join(directory, "id.pub"), "utf8")).trim()];
    const network = await freeNetwork();
    prefix = network.replace(/0\/24$/, "");
    servers = await RecordServers.start({ network, records: async () => records });
  });
  afterAll(async () => {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + 180_000;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`${what}: not after three minutes`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** What the image's own user sees, where the server has this host key. */
  async function ask(
    address: string,
    hostKey: string,
    command: string,
  ): Promise<string | undefined> {
    const known = join(directory, "known");
    await writeFile(known, `${address} ${hostKey}\n`);
    const result = await runCommand(
      [
        "ssh",
        "-F",
        "none",
        "-i",
        join(directory, "id"),
        ...[
          "BatchMode=yes",
          "ConnectTimeout=5",
          `UserKnownHostsFile=${known}`,
          "StrictHostKeyChecking=yes",
        ].flatMap((option) => ["-o", option]),
        `debian@${address}`,
        command,
      ],
      { allowFailure: true },
    );
    return result.status === 0 ? result.stdout.trim() : undefined;
  }

  it("gives a record a server with its user-data, at its address", async () => {
    const userData = firstBootData({ bootstrapKeys, hostKey: injected, nonce: "nonce-1" });
    records = [{ id: "record-1", address: `${prefix}10`, userData, hostname: "shop-web1" }];
    const said = await until("a session", async () =>
      ask(`${prefix}10`, injected.publicKey, `hostname; sudo -n id -un; cat ${NONCE_PATH}`),
    );
    expect(said.split("\n")).toEqual(["shop-web1", "root", "nonce-1"]);
    expect(servers.ids).toEqual(["record-1"]);
  });

  it("the server of a record that is gone is removed, and the next one has the address with another key", async () => {
    const userData = firstBootData({ bootstrapKeys, hostKey: undefined, nonce: "nonce-2" });
    records = [{ id: "record-2", address: `${prefix}10`, userData, hostname: "shop-web1" }];
    const [key = ""] = await until("the host keys in the console", async () => {
      const keys = hostKeysIn((await servers.console("record-2")) ?? "");
      return keys.length > 0 ? keys.filter((one) => one.startsWith("ssh-ed25519")) : undefined;
    });
    expect(key).not.toBe(injected.publicKey);
    expect(await until("a session", async () => ask(`${prefix}10`, key, `cat ${NONCE_PATH}`))).toBe(
      "nonce-2",
    );
    expect(servers.ids).toEqual(["record-2"]);
    expect(await servers.console("record-1")).toBeUndefined();
  });

  it("a reboot is a real one", async () => {
    const key = hostKeysIn((await servers.console("record-2")) ?? "").at(-1) ?? "";
    const look = async (): Promise<string | undefined> =>
      await ask(`${prefix}10`, key, "systemctl show -P UserspaceTimestampMonotonic");
    const before = await until("a session", look);
    await servers.reboot("record-2", "soft");
    await until("another start", async () => {
      const now = await look();
      return now === undefined || now === before ? undefined : now;
    });
  });
});
