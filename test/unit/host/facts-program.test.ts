import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { factsProgram } from "../../../src/host/facts-program.ts";
import { parseFacts } from "../../../src/host/parse-facts.ts";
import { SHELLS } from "../transport/shells.ts";
import { OS_RELEASES } from "./os-releases.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bm-facts-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const isDirectory = path.endsWith("/");
    mkdirSync(isDirectory ? join(root, path) : dirname(join(root, path)), { recursive: true });
    if (!isDirectory) writeFileSync(join(root, path), content);
  }
}

describe.each(SHELLS)("$name", ({ argv: [program, ...flags] }) => {
  const facts = () => {
    const { stdout, stderr, status } = spawnSync(program, [...flags, "-c", factsProgram(root)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    return parseFacts(stdout, { server: "web1", loginUser: "ada" });
  };

  test("a Linux host with systemd, a firewall manager and SELinux", () => {
    put({
      "etc/os-release": OS_RELEASES.fedora,
      "run/systemd/system/": "",
      "proc/1/stat": `1 (a (b) c) S 0 1 1 0 -1 4194560 2690 11341 0 2 13 5 9 12 20 0 1 0 174043 20320256 2905 1844\n`,
      "proc/sys/kernel/random/boot_id": "7ef1f675-a9c1-4ece-8845-eccab689be96\n",
      "proc/uptime": "3040.48 5000.11\n",
      "proc/meminfo": "MemTotal:       24684540 kB\nMemFree:        1 kB\n",
      "proc/1/environ": "PATH=/bin\0",
      "etc/ufw/ufw.conf": "# settings\nENABLED=yes\nLOGLEVEL=low\n",
      "sys/fs/selinux/enforce": "1",
      "var/lib/bootmachine/first-boot": "nonce-1\n",
    });
    expect(facts()).toMatchObject({
      osId: "fedora",
      osVersion: "43",
      init: "systemd",
      isContainer: false,
      loginUser: "ada",
      bootId: "7ef1f675-a9c1-4ece-8845-eccab689be96",
      initStartTicks: "174043",
      uptimeSeconds: 3040.48,
      memoryMb: 24106,
      activeFirewalls: ["ufw"],
      selinux: "enforcing",
      firstBootNonce: "nonce-1",
    });
  });

  test("a container without a firewall manager, its os-release in the other place", () => {
    put({
      "usr/lib/os-release": OS_RELEASES.alpine,
      "run/openrc/": "",
      "proc/1/stat": "1 (init) S 0 1 1 0 -1 4194560 1 1 0 2 13 5 9 12 20 0 1 0 99 2 3 4\n",
      "proc/uptime": "1.00 1.00\n",
      "proc/meminfo": "MemTotal: 1048576 kB\n",
      "run/systemd/container": "systemd-nspawn\n",
      "etc/ufw/ufw.conf": "ENABLED=no\n",
    });
    expect(facts()).toMatchObject({
      osId: "alpine",
      init: "openrc",
      isContainer: true,
      bootId: "",
      initStartTicks: "99",
      memoryMb: 1024,
      activeFirewalls: [],
      selinux: "disabled",
    });
  });

  test.each([
    ["version 2", "sys/fs/cgroup/memory.max", "1073741824", 1024],
    ["version 2 without a limit", "sys/fs/cgroup/memory.max", "max", 24106],
    ["version 1", "sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648", 2048],
    [
      "version 1 without",
      "sys/fs/cgroup/memory/memory.limit_in_bytes",
      "9223372036854771712",
      24106,
    ],
  ])("the memory that the control groups leave to a container, %s", (_, file, limit, memoryMb) => {
    put({
      "etc/os-release": OS_RELEASES.alpine,
      "proc/uptime": "1.00 1.00\n",
      "proc/meminfo": "MemTotal:       24684540 kB\n",
      "run/systemd/container": "systemd-nspawn\n",
      [file]: `${limit}\n`,
    });
    expect(facts().memoryMb).toBe(memoryMb);
  });

  test("this computer's own facts can be read", () => {
    const { stdout, status } = spawnSync(program, [...flags, "-c", factsProgram()], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    });
    expect(status).toBe(0);
    const own = parseFacts(stdout, { server: "here", loginUser: "root" });
    expect(own.kernelName).toBe("Linux");
    expect(own.initStartTicks).toMatch(/^\d+$/);
    expect(own.cpus).toBeGreaterThan(0);
    expect(own.uptimeSeconds).toBeGreaterThan(0);
  });
});
