import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { layoutOf } from "../../../../src/configurators/puppet/layout.ts";
import {
  pinResource,
  versionResource,
} from "../../../../src/configurators/puppet/openvox-version.ts";
import {
  type PuppetOptions,
  puppetOptionsSchema,
} from "../../../../src/configurators/puppet/options.ts";
import { puppet } from "../../../../src/configurators/puppet/puppet.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootmachine-openvox-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function run(
  command: string,
  args: readonly string[],
  path = "",
): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, {
    env: { PATH: `${path}/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: "C" },
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

/** A host of which apt knows nothing but these releases of OpenVox's packages; `apt` asks the real apt what it makes of them. */
class AptHost {
  readonly #options: readonly string[];

  constructor(
    releases: Readonly<Record<string, readonly string[]>>,
    installed: Readonly<Record<string, string>> = {},
  ) {
    for (const folder of [
      "etc/preferences.d",
      "state/lists/partial",
      "cache/archives/partial",
      "repository",
    ])
      mkdirSync(join(root, folder), { recursive: true });
    const entry = (name: string, version: string, more: string): string =>
      `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: A <a@example.invalid>\n${more}Description: a test\n\n`;
    writeFileSync(
      join(root, "repository/Packages"),
      Object.entries(releases)
        .flatMap(([name, versions]) =>
          versions.map((version) =>
            entry(name, version, `Filename: ./${name}.deb\nSize: 1\nSHA256: ${"0".repeat(64)}\n`),
          ),
        )
        .join(""),
    );
    writeFileSync(
      join(root, "state/status"),
      Object.entries(installed)
        .map(([name, version]) => entry(name, version, "Status: install ok installed\n"))
        .join(""),
    );
    writeFileSync(join(root, "etc/sources.list"), `deb [trusted=yes] file:${root}/repository ./\n`);
    const settings = {
      "Dir::Etc": join(root, "etc"),
      "Dir::State": join(root, "state"),
      "Dir::State::status": join(root, "state/status"),
      "Dir::Cache": join(root, "cache"),
      "APT::Sandbox::User": "root",
    };
    this.#options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    expect(run("apt-get", [...this.#options, "-q", "update"])).toMatchObject({ status: 0 });
  }

  write(pin: string): void {
    writeFileSync(join(root, "etc/preferences.d/bootmachine-openvox"), pin);
  }

  /** The release that apt would take. */
  candidate(name: string): string | undefined {
    const { output } = run("apt-cache", [...this.#options, "policy", name]);
    return /Candidate: (.*)/.exec(output)?.[1];
  }

  simulated(...names: readonly string[]): string {
    return run("apt-get", [...this.#options, "-s", "--allow-downgrades", "install", ...names])
      .output;
  }
}

function pinOf(options: PuppetOptions, isMaster: boolean): string {
  const settings = puppetOptionsSchema.parse(options);
  const [pin] = pinResource(settings, layoutOf(settings), isMaster);
  if (pin?.type !== "file") throw new Error("there is no pin");
  return pin.content ?? "";
}

/** What the check says on a host that has these packages. */
function checked(options: PuppetOptions, there: Readonly<Record<string, string>>) {
  const settings = puppetOptionsSchema.parse(options);
  const [resource] = versionResource(settings, layoutOf(settings), "openvox-server" in there);
  if (resource?.type !== "command") throw new Error("there is no check");
  const lines = Object.entries(there).map(([name, version]) => `echo '${name} ${version}'`);
  writeFileSync(join(root, "dpkg-query"), `#!/bin/sh\n${lines.join("\n")}\n`);
  chmodSync(join(root, "dpkg-query"), 0o755);
  return run("sh", ["-c", resource.check], `${root}:`);
}

const RELEASES = {
  "openvox-agent": [
    "8.2.0-1+debian12",
    "8.28.0-1+debian12",
    "8.28.1-1+debian12",
    "8.29.0-1+debian12",
    "9.0.0~rc4-1+debian12",
    "9.0.0-1+debian12",
  ],
  "openvox-server": ["8.14.0-1+debian12", "8.14.1-1+debian12", "9.0.1-1+debian12"],
};

describe("which release apt takes", () => {
  it.each([
    ["8", "8.29.0-1+debian12"],
    ["8.2", "8.2.0-1+debian12"],
    ["8.28", "8.28.1-1+debian12"],
    ["8.28.0", "8.28.0-1+debian12"],
    ["9", "9.0.0-1+debian12"],
    // There is none: a newer one is not taken instead.
    ["8.30", "(none)"],
    ["8.28.2", "(none)"],
  ])("version %s: %s", (version, release) => {
    const host = new AptHost(RELEASES);
    host.write(pinOf({ version }, false));
    expect(host.candidate("openvox-agent")).toBe(release);
    // Who is no master has no word about the server.
    expect(host.candidate("openvox-server")).toBe("9.0.1-1+debian12");
  });

  it("the server's is of the same series, or its own", () => {
    const host = new AptHost(RELEASES);
    host.write(pinOf({ version: "8.28.0" }, true));
    expect(host.candidate("openvox-server")).toBe("8.14.1-1+debian12");
    host.write(pinOf({ version: "8.28.0", serverVersion: "8.14.0" }, true));
    expect(host.candidate("openvox-server")).toBe("8.14.0-1+debian12");
    expect(host.candidate("openvox-agent")).toBe("8.28.0-1+debian12");
  });

  it("goes back where a newer one is installed", () => {
    const host = new AptHost(RELEASES, { "openvox-agent": "8.29.0-1+debian12" });
    host.write(pinOf({ version: "8.28" }, false));
    expect(host.simulated("openvox-agent")).toContain(
      "Inst openvox-agent [8.29.0-1+debian12] (8.28.1-1+debian12",
    );
  });
});

describe("without the option", () => {
  it("apt takes the newest of series 8, back from 9 as well, of agent and server", () => {
    const installed = {
      "openvox-agent": "9.0.0-1+debian12",
      "openvox-server": "9.0.1-1+debian12",
    };
    const host = new AptHost(RELEASES, installed);
    host.write(pinOf({}, true));
    const simulated = host.simulated("openvox-agent", "openvox-server");
    expect(simulated).toContain("Inst openvox-agent [9.0.0-1+debian12] (8.29.0-1+debian12");
    expect(simulated).toContain("Inst openvox-server [9.0.1-1+debian12] (8.14.1-1+debian12");
  });

  it("any release of series 8 is good, and one of 9 is not", () => {
    expect(checked({}, { "openvox-agent": "8.28.0-1", "openvox-server": "8.14.1-1" }).status).toBe(
      0,
    );
    expect(checked({}, { "openvox-agent": "8.28.0-1", "openvox-server": "9.0.1-1" })).toEqual({
      status: 1,
      output: "openvox-server is 9.0.1-1, not 8\n",
    });
  });

  it("the distro's packages are nobody's to hold", () => {
    const distro = puppetOptionsSchema.parse({ packages: "distro" });
    expect(pinResource(distro, layoutOf(distro), true)).toEqual([]);
    expect(versionResource(distro, layoutOf(distro), true)).toEqual([]);
  });
});

describe("installed packages", () => {
  it.each([
    ["8", "8.28.0-1+debian12"],
    ["8.28", "8.28.0-1+debian12"],
    ["8.28.0", "8.28.0-1+debian12"],
    ["8.28.0", "8.28.0"],
    ["8", "1:8.28.0-1"],
  ])("version %s holds of %s", (version, there) => {
    expect(checked({ version }, { "openvox-agent": there })).toEqual({ status: 0, output: "" });
  });

  it.each([
    ["8.2", "8.28.0-1+debian12"],
    ["8.28.1", "8.28.10-1+debian12"],
    ["8", "9.0.0-1+debian12"],
    ["9", "8.9.0-1+debian12"],
  ])("version %s does not hold of %s, and the reason says so", (version, there) => {
    expect(checked({ version }, { "openvox-agent": there })).toEqual({
      status: 1,
      output: `openvox-agent is ${there}, not ${version}\n`,
    });
  });

  it("each package is held against its own", () => {
    const options = { version: "8.28.0", serverVersion: "8.14" };
    const agent = { "openvox-agent": "8.28.0-1" };
    expect(checked(options, { ...agent, "openvox-server": "8.14.1-1" }).status).toBe(0);
    expect(checked(options, { ...agent, "openvox-server": "8.15.0-1" })).toEqual({
      status: 1,
      output: "openvox-server is 8.15.0-1, not 8.14\n",
    });
  });
});

describe("the option", () => {
  it.each([
    [{ version: "7" }, "version", /of the series 8 or 9/],
    [{ version: "8.x" }, "version", /"8", "8\.28" or "8\.28\.0"/],
    [{ version: "8." }, "version", /"8\.28"/],
    [{ version: "8.28.0-1" }, "version", /"8\.28"/],
    [{ version: "8.08" }, "version", /"8\.28"/],
    [{ version: "" }, "version", /"8\.28"/],
    [{ version: 8 }, "version", /./],
    [{ serverVersion: "8.14" }, "serverVersion", /beside `version`, which is not there/],
    [
      { version: "8.28", serverVersion: "9.0" },
      "serverVersion",
      /another series than `version`, 8\.28/,
    ],
    [{ packages: "distro", version: "8" }, "version", /counts for packages "openvox"/],
    [{ packages: "distro", serverVersion: "8" }, "serverVersion", /counts for packages "openvox"/],
  ])("%j is refused", (options, name, message) => {
    expect(() => puppet(options as never)).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({
            path: `configurator.${name}`,
            message: expect.stringMatching(message) as string,
          }),
        ],
      }),
    );
  });
});
