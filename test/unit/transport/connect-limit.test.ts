import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { SshOptions } from "../../../src/transport/contract.ts";
import { openSsh } from "../../../src/transport/open-ssh.ts";
import { proveHostKey, scanHostKey } from "../../../src/transport/scan-host-key.ts";

const TARGET = { server: "web1", address: "192.0.2.7", port: 22, user: "root" };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-limit-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("an ssh that has shown a banner and goes on until our limit", () => {
  /** What a host says before anybody is logged in is its own affair. */
  const slow = (): string => {
    const program = join(directory, "ssh");
    writeFileSync(
      program,
      "#!/bin/sh\necho 'Connection refused, said the banner. Permission denied (by law).' >&2\nexec sleep 60\n",
    );
    chmodSync(program, 0o755);
    return program;
  };
  const options = (): SshOptions => ({
    knownHostsFile: join(directory, "known_hosts"),
    hostKeyAlias: "shop.web1",
    configFile: "none",
    connectTimeoutMs: 500,
  });
  const never = new AbortController().signal;

  test("is told as silence, with the banner as what was seen", async () => {
    const transport = openSsh({ controlDirectory: directory, program: slow() });
    await expect(transport.connect(TARGET, options())).rejects.toMatchObject({
      code: "CONNECTION_TIMEOUT",
      message: expect.stringContaining(
        "Seen so far: Connection refused, said the banner",
      ) as string,
    });
  });

  test("is told as slow where somebody answers at the port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const transport = openSsh({ controlDirectory: directory, program: slow() });
    const target = { ...TARGET, address: "127.0.0.1", port };
    await expect(transport.connect(target, options())).rejects.toMatchObject({
      code: "LOGIN_TIMEOUT",
      message: expect.stringContaining("answers, and did not let us in within 0.5 s") as string,
    });
    // Behind a jump host the same address may be another host's.
    await expect(
      transport.connect(target, { ...options(), jumpHost: "gate" }),
    ).rejects.toMatchObject({ code: "CONNECTION_TIMEOUT" });
    server.close();
  });

  test("is told as silence where only the host's key is asked for", async () => {
    const program = slow();
    for (const question of [scanHostKey, proveHostKey]) {
      await expect(question(TARGET, options(), never, program)).rejects.toMatchObject({
        code: "CONNECTION_TIMEOUT",
      });
    }
  });
});
