import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { debian } from "../../../src/distros/debian.ts";
import type { DistroOperations, Operation } from "../../../src/distros/contract.ts";
import { factsFixture } from "../../golden/baseline/fixture.ts";

const operations = debian().operations(factsFixture("12"));
const named = Object.entries(operations) as [keyof DistroOperations, Operation][];

function bodyOf(operation: Operation): string {
  if ("impossible" in operation) throw new Error(operation.impossible);
  return operation.sh;
}

describe("the table of operations", () => {
  it.each(named)("%s is a function body that a POSIX shell can read", (_name, operation) => {
    const text = `operation() {\n${bodyOf(operation)}\n}\n`;
    execFileSync("sh", ["-n"], { input: text });
    execFileSync("bash", ["--posix", "-n"], { input: text });
  });
  it("says why services are impossible without systemd", () => {
    const table = debian().operations({ ...factsFixture("12"), init: "openrc" });
    expect(table.serviceStart).toEqual({
      impossible: "services are administered by systemd, and this host runs openrc",
    });
  });
});

/** Runs a body with stand-ins for apt and dpkg, that say what a real host would. */
describe("with a package manager that answers from a script", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "bootmachine-operations-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const standIn = (name: string, text: string): void => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  };
  const run = (name: keyof DistroOperations, ...args: string[]) =>
    spawnSync("sh", ["-s", "--", ...args], {
      input: `operation() {\n${bodyOf(operations[name])}\n}\noperation "$@"\n`,
      env: { PATH: `${directory}:/usr/sbin:/usr/bin:/sbin:/bin` },
      encoding: "utf8",
    });

  const PLAN = `Reading package lists...
Inst base-files [12.4+deb12u5] (12.4+deb12u11 Debian:12.11/oldstable [amd64])
Inst openssl [3.0.15-1] (3.0.17-1 Debian-Security:12/oldstable-security [amd64])
Inst libc6 [2.36-9] (2.36-10 Debian:12.11/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst linux-image-6.1.0-99-amd64 (6.1.150-1 Debian-Security:12/oldstable-security [amd64])
Conf openssl (3.0.17-1 Debian-Security:12/oldstable-security [amd64])`;

  it("names all pending upgrades, new packages among them", () => {
    standIn("dpkg-query", "exit 0");
    standIn("apt-get", `cat <<'END'\n${PLAN}\nEND`);
    const { stdout, status } = run("upgradesPending", "all");
    expect(status).toBe(0);
    expect(stdout.trim().split("\n")).toEqual([
      "base-files",
      "openssl",
      "libc6",
      "linux-image-6.1.0-99-amd64",
    ]);
  });
  it("names pending security upgrades by their origin", () => {
    standIn("dpkg-query", "exit 0");
    standIn("apt-get", `cat <<'END'\n${PLAN}\nEND`);
    expect(run("upgradesPending", "security").stdout.trim().split("\n")).toEqual([
      "openssl",
      "libc6",
    ]);
  });
  it("counts a half-installed package as pending, even when apt refuses to plan", () => {
    standIn("dpkg-query", "printf 'ii  sudo\\niU  nginx\\niHR curl\\nrc  gone\\n'");
    standIn("apt-get", "echo 'E: dpkg was interrupted' >&2; exit 100");
    const { stdout, status } = run("upgradesPending", "all");
    expect([status, stdout.trim().split("\n")]).toEqual([0, ["nginx", "curl"]]);
  });
  it("fails when apt cannot plan and nothing is half-installed", () => {
    standIn("dpkg-query", "printf 'ii  sudo\\n'");
    standIn("apt-get", "echo 'E: the lists are broken' >&2; exit 100");
    const { stderr, status } = run("upgradesPending", "all");
    expect([status, stderr]).toEqual([1, expect.stringContaining("the lists are broken")]);
  });
  it.each([
    ["installed\ninstalled\n", 0, 0],
    ["installed\nconfig-files\n", 0, 1],
    ["installed\nhalf-configured\n", 0, 1],
    ["installed\n", 1, 1],
  ])("takes %j with exit %i for exit %i", (states, exit, wanted) => {
    standIn("dpkg-query", `printf '${states.replaceAll("\n", "\\n")}'; exit ${exit}`);
    expect(run("packageIsInstalled", "a", "b").status).toBe(wanted);
  });
});
