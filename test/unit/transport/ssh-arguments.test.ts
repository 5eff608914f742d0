import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { loginArguments, sessionArguments } from "../../../src/transport/ssh-arguments.ts";

const OWN_CONFIG = `IgnoreUnknown UseKeychain
Host *
  UseKeychain yes
  KnownHostsCommand /bin/echo %H
  ControlMaster auto
  ControlPath /tmp/%C
  ControlPersist yes
  Compression yes
`;

test("a user's ssh_config adds no host keys and lends no link, and what it ignores stays ignored", () => {
  const directory = mkdtempSync(join(tmpdir(), "bm-arguments-"));
  try {
    const configFile = join(directory, "config");
    writeFileSync(configFile, OWN_CONFIG);
    const target = { server: "web1", address: "192.0.2.7", port: 22, user: "ada" };
    const options = {
      knownHostsFile: "/k",
      hostKeyAlias: "shop.web1",
      configFile,
      connectTimeoutMs: 1000,
    };
    for (const arguments_ of [
      loginArguments(target, options),
      sessionArguments(target, options, { role: "none" }, "true"),
    ]) {
      const { status, stdout } = spawnSync("ssh", ["-G", ...arguments_], { encoding: "utf8" });
      expect(status).toBe(0);
      const settings = stdout.split("\n");
      expect(settings).toContain("compression yes");
      expect(settings).toContain("userknownhostsfile /k");
      expect(settings.filter((line) => /^(knownhostscommand|controlpath) /u.test(line))).toEqual(
        [],
      );
    }
    // OpenSSH 8.4 learns to leave the word out before it reads it.
    const words = loginArguments(target, options);
    expect(words.indexOf("IgnoreUnknown=*")).toBeGreaterThan(-1);
    expect(words.indexOf("IgnoreUnknown=*")).toBeLessThan(words.indexOf("KnownHostsCommand=none"));
    expect(words).toContain("ControlMaster=no");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
