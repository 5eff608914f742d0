import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

import { listFiles, ROOT } from "./source-tree.ts";

test("the packages that npm test installs for local servers are those that the provider asks for", () => {
  const script = readFileSync(resolve(ROOT, "scripts/operating-system-packages.ts"), "utf8");
  const section = /"local servers": \[(.*?)\n {2}\]/s.exec(script)?.[1] ?? "";
  const named = [...section.matchAll(/name: "([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(named.length).toBeGreaterThan(3);
  const provider = listFiles("src/providers/local/*.ts")
    .map((path) => readFileSync(resolve(ROOT, path), "utf8"))
    .join("\n");
  const absent = named.filter((name) => !provider.includes(`"${name}"`));
  expect(absent).toEqual([]);
});

test("npm run check installs what its tests call", () => {
  const script = readFileSync(resolve(ROOT, "scripts/operating-system-packages.ts"), "utf8");
  const section = /\n {2}check: \[(.*?)\n {2}\]/s.exec(script)?.[1] ?? "";
  expect(section).toContain('"openssh-client"');
  expect(readFileSync(resolve(ROOT, "scripts/check.ts"), "utf8")).toContain('["check"]');
});

test("the demo's key is made before OpenSSH is there", () => {
  expect(readFileSync(resolve(ROOT, "scripts/demo.sh"), "utf8")).not.toMatch(/^\s*ssh-keygen/mu);
  const directory = mkdtempSync(join(tmpdir(), "demo-key-"));
  try {
    const file = join(directory, "key");
    const make = (): number | null =>
      spawnSync(process.execPath, [resolve(ROOT, "scripts/make-key.ts"), file, "demo"], {
        env: { PATH: directory },
      }).status;
    expect(make()).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { stdout } = spawnSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" });
    expect(stdout.trim()).toBe(readFileSync(`${file}.pub`, "utf8").trim());
    // A key that is there is never replaced.
    expect(make()).not.toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
