import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { puppet } from "../../../../src/configurators/puppet/puppet.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bm-authority-"));
  for (const folder of ["signed", "requests"]) mkdirSync(join(directory, folder));
});
afterEach(() => rmSync(directory, { recursive: true }));

it("a stranger's name cannot pass for a server's with a fingerprint of his choice", () => {
  writeFileSync(join(directory, "signed/web1.pem"), "");
  writeFileSync(join(directory, "requests/web1 ab:cd.pem"), "");
  const { agents } = puppet({ packages: "distro" });
  const script = agents?.script.replace("/etc/puppet/puppetserver/ca", directory) ?? "false";
  const { stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  expect(agents?.parse(stdout)).toMatchObject([
    { id: "web1", state: "accepted" },
    { id: "web1 ab:cd", state: "waiting" },
  ]);
});
