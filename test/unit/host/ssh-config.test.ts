import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { renderSshConfig } from "../../../src/host/ssh-config.ts";

test("ssh reads the product as it is meant", () => {
  const directory = mkdtempSync(join(tmpdir(), "bm config-"));
  try {
    const file = join(directory, "ssh_config");
    const own = join(directory, "own config");
    writeFileSync(
      own,
      "Host bastion\n  User grace\nHost *\n  StrictHostKeyChecking no\n  Compression yes\n" +
        "  VerifyHostKeyDNS yes\n  NoHostAuthenticationForLocalhost yes\n  KnownHostsCommand /bin/echo\n  ControlMaster auto\n  ControlPath /tmp/%C\n  NoSuchWord yes\n",
    );
    const options = {
      knownHostsFile: join(directory, "100% known_hosts"),
      identityFile: join(directory, "id key"),
      jumpHost: "bastion",
      configFile: own,
      connectTimeoutMs: 1000,
    };
    writeFileSync(
      file,
      renderSshConfig(
        [
          {
            server: "web1",
            roles: ["web", "cache"],
            address: "192.0.2.7",
            port: 2222,
            user: "ada",
            options: { ...options, hostKeyAlias: "shop.web1" },
          },
          {
            server: "db1",
            roles: [],
            address: "2001:db8::1",
            port: 22,
            user: "root",
            options: {
              knownHostsFile: "/k",
              hostKeyAlias: "shop.db1",
              configFile: "none",
              connectTimeoutMs: 1000,
            },
          },
        ],
        { stack: "shop" },
      ),
    );
    expect(readFileSync(file, "utf8")).toContain("Host web1\n  # Roles: web cache\n");
    const read = (host: string) =>
      spawnSync("ssh", ["-G", "-F", file, host], { encoding: "utf8" }).stdout.split("\n");
    expect(read("web1")).toEqual(
      expect.arrayContaining([
        "hostname 192.0.2.7",
        "port 2222",
        "user ada",
        "hostkeyalias shop.web1",
        "stricthostkeychecking true",
        "verifyhostkeydns false",
        "nohostauthenticationforlocalhost no",
        "globalknownhostsfile /dev/null",
        "identitiesonly yes",
        "proxyjump bastion",
        "compression yes",
        `identityfile ${options.identityFile}`,
        `userknownhostsfile ${options.knownHostsFile}`,
      ]),
    );
    // A key from elsewhere, and a link that somebody else has checked.
    expect(read("web1").filter((line) => /^(knownhostscommand|control)/u.test(line))).toEqual([
      "controlmaster false",
      "controlpersist no",
    ]);
    expect(read("bastion")).toContain("knownhostscommand /bin/echo");
    expect(read("db1")).toEqual(
      expect.arrayContaining(["hostname 2001:db8::1", "user root", "hostkeyalias shop.db1"]),
    );
    expect(read("bastion")).toContain("user grace");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
