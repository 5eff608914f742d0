import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { chefOptionsSchema } from "../../../../src/configurators/chef/options.ts";
import { installScript, isInstalled } from "../../../../src/configurators/chef/package-scripts.ts";
import { clientPackage } from "../../../../src/configurators/chef/product.ts";
import { readServiceAnswer } from "../../../../src/configurators/chef/package-source.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootmachine-chef-"));
  mkdirSync(join(root, "bin"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Puts a program of a few lines of shell in front of the host's own. */
function fake(name: string, text: string): void {
  writeFileSync(join(root, "bin", name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, "bin", name), 0o755);
}

/** Runs a script with the paths of a host moved below a folder of the test. */
function run(script: string): { readonly status: number | null; readonly output: string } {
  const moved = script
    .replaceAll("/usr/bin/cinc-client", `${root}/bin/cinc-client`)
    .replaceAll("/var/lib/bootmachine", root);
  const { status, stdout, stderr } = spawnSync("sh", ["-c", moved], {
    env: { PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

const CLIENT = clientPackage(chefOptionsSchema.parse({}));
const SERVICE = { from: "service", question: "https://service.invalid/metadata" } as const;

describe("is the client installed", () => {
  it.each([
    ["18", "18.7.10-1", true],
    ["18", "18-1", true],
    ["18.7", "18.7.10-1", true],
    ["18.7.10", "18.7.10-1", true],
    ["18.7.10", "18.7.10", true],
    ["18", "1:18.7.10-1", true],
    ["18", "180.1-1", false],
    ["18.7.1", "18.7.10-1", false],
    ["18.7", "17.18.7-1", false],
    ["18", "19.1.0-1", false],
  ])("%s is wanted, %s is there: %s", (version, there, expected) => {
    fake("dpkg-query", `echo "installed ${there}"`);
    fake("cinc-client", "exit 0");
    const settings = chefOptionsSchema.parse({ version });
    expect(run(isInstalled(clientPackage(settings), SERVICE)).status === 0).toBe(expected);
  });

  it("not where only its settings are left, or the command is missing", () => {
    const settings = chefOptionsSchema.parse({});
    fake("dpkg-query", 'echo "installed 18.7.10-1"');
    expect(run(isInstalled(clientPackage(settings), SERVICE)).status).not.toBe(0);
    fake("cinc-client", "exit 0");
    fake("dpkg-query", 'echo "config-files 18.7.10-1"');
    expect(run(isInstalled(clientPackage(settings), SERVICE)).status).not.toBe(0);
  });

  it("a given package is that very one, whatever its version", () => {
    const settings = chefOptionsSchema.parse({});
    const source = { file: "cinc.deb", sha256: "a".repeat(64) };
    fake("dpkg-query", "echo installed");
    fake("cinc-client", "exit 0");
    mkdirSync(join(root, "chef-package"));
    const mark = join(root, "chef-package/installed.sha256");
    writeFileSync(mark, `${"a".repeat(64)}\n`);
    expect(run(isInstalled(clientPackage(settings), { from: "given", source })).status).toBe(0);
    writeFileSync(mark, `${"b".repeat(64)}\n`);
    expect(run(isInstalled(clientPackage(settings), { from: "given", source })).status).not.toBe(0);
  });
});

describe("installing the package", () => {
  const content = "a package";
  const sha256 = createHash("sha256").update(content).digest("hex");

  /** A curl that answers for the service and for the package, and an apt-get that notes what it gets. */
  function fakeTools(answer: string): void {
    const folder = join(root, "chef-package");
    writeFileSync(join(root, "answer"), answer);
    fake(
      "curl",
      `while [ $# -gt 1 ]; do [ "$1" = --output ] && out=$2; shift; done
case $1 in
  https://service.invalid/*) cat ${root}/answer >"$out" ;;
  https://files.invalid/cinc.deb) printf '${content}' >"$out" ;;
  *) exit 22 ;;
esac`,
    );
    fake("apt-get", `for last; do :; done; cp "${folder}/$last" ${root}/installed.deb`);
  }

  it("asks the service, fetches, checks, and has apt install it", () => {
    fakeTools(
      `sha1\t0\nsha256\t${sha256}\nurl\thttps://files.invalid/cinc.deb\nversion\t18.7.10\n`,
    );
    const { status, output } = run(installScript(CLIENT, SERVICE));
    expect(status, output).toBe(0);
    expect(readFileSync(join(root, "installed.deb"), "utf8")).toBe(content);
    expect(readFileSync(join(root, "chef-package/installed.sha256"), "utf8")).toBe(`${sha256}\n`);
  });

  it("does not install what is not what its checksum says", () => {
    fakeTools(`sha256\t${"0".repeat(64)}\nurl\thttps://files.invalid/cinc.deb\n`);
    const { status, output } = run(installScript(CLIENT, SERVICE));
    expect(status).not.toBe(0);
    expect(output).toContain(sha256);
    expect(() => readFileSync(join(root, "installed.deb"))).toThrow("ENOENT");
  });

  it("shows an answer that names no package", () => {
    fakeTools("No matching package found.\n");
    const { status, output } = run(installScript(CLIENT, SERVICE));
    expect(status).not.toBe(0);
    expect(output).toContain("No matching package found.");
  });

  it("takes the one that was brought, fetches nothing, and leaves none of it behind", () => {
    fakeTools("");
    mkdirSync(join(root, "chef-package"));
    writeFileSync(join(root, "chef-package/relayed"), content);
    writeFileSync(join(root, "chef-package/relayed.sha256"), `${sha256}\n`);
    const { status, output } = run(installScript(CLIENT, SERVICE));
    expect(status, output).toBe(0);
    expect(readFileSync(join(root, "installed.deb"), "utf8")).toBe(content);
    expect(() => readFileSync(join(root, "chef-package/relayed"))).toThrow("ENOENT");
  });
});

describe("the service's answer on the operator's computer", () => {
  it("is read as on the host", () => {
    const sha256 = "A".repeat(64);
    expect(
      readServiceAnswer(`sha1\t0\nsha256\t${sha256}\nurl\thttps://x.invalid/a.deb\nversion\t18\n`),
    ).toEqual({ url: "https://x.invalid/a.deb", sha256: sha256.toLowerCase() });
  });

  it.each([
    "",
    "<html>",
    "url\thttps://x.invalid/a.deb\n",
    `sha256\t${"a".repeat(64)}\nurl\tftp://x`,
  ])("is none: %j", (text) => {
    expect(readServiceAnswer(text)).toBeUndefined();
  });
});
