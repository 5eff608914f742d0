import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { puppetOptionsSchema } from "../../../../src/configurators/puppet/options.ts";
import { puppet } from "../../../../src/configurators/puppet/puppet.ts";
import { heapOf } from "../../../../src/configurators/puppet/settings-files.ts";
import { DEFAULT_SIZE, findSize } from "../../../../src/providers/local/sizes.ts";
import { factsFixture } from "../../../golden/baseline/fixture.ts";

describe("options", () => {
  it.each([
    [{ packages: "distro", repository: { url: "https://mirror.example" } }, /come from the distro/],
    [{ settings: { server: { autosign: "true" } } }, /sets `autosign` itself/],
    [{ settings: { main: { Certname: "x" } } }, /is written with/],
    [{ settings: { agent: { runtimeout: "1\n[server]\nautosign = true" } } }, /is one line/],
    [{ environment: "my-env" }, /lower-case letters/],
    [{ environment: "agent" }, /means something else/],
    [{ repository: {} }, /neither a mirror \(`url`\) nor a key/],
    [
      { repository: { url: "https://me:secret@mirror.example" } },
      /a user or a password in it.*auth\.conf\.d/,
    ],
    [{ heapMb: 64 }, /256/],
    [{ remoteDir: "srv/puppet" }, /an absolute path/],
    [{ remoteDir: "/srv/../etc" }, /without \. and \.\./],
    [{ settings: { server: { environmentpath: "/srv" } } }, /`remoteDir` says where/],
    [{ settings: { main: { noop: "true" } } }, /nothing would be kept/],
    [{ settings: { agent: { report: "false" } } }, /nobody knows how a run went/],
    [{ settings: { server: { environment_timeout: "unlimited" } } }, /as it was before/],
  ])("%j is refused", (options, message) => {
    expect.assertions(1);
    try {
      puppet(options as never);
    } catch (error) {
      expect(JSON.stringify((error as { problems?: unknown }).problems)).toMatch(message);
    }
  });
  it("the default heap fits into every master that is not refused, with what the process takes beside it", () => {
    const settings = puppetOptionsSchema.parse({});
    const { master } = puppet({}).minimumMemoryMb;
    for (let memoryMb = master; memoryMb <= 16_384; memoryMb += 1) {
      const heap = heapOf(settings, { ...factsFixture("13"), memoryMb });
      expect(heap + 640, `${memoryMb} MB`).toBeLessThanOrEqual(memoryMb);
    }
  });
  it("a local server of size large is enough for it, and the provider's default is not", () => {
    const { master } = puppet({}).minimumMemoryMb;
    expect(findSize("large")?.memoryMb).toBeGreaterThanOrEqual(master);
    expect(findSize(DEFAULT_SIZE)?.memoryMb).toBeLessThan(master);
    const facts = { ...factsFixture("13"), memoryMb: findSize("large")?.memoryMb ?? 0 };
    expect(heapOf(puppetOptionsSchema.parse({}), facts)).toBe(512);
  });
  it.each(
    (
      "confdir codedir vardir statedir ssldir cadir hiera_config lastrunfile lastrunreport publicdir " +
      "serverport masterport ca_server ca_port server_list use_srv_records"
    ).split(" "),
  )("settings that lead elsewhere are refused: %s", (name) => {
    expect(() => puppet({ settings: { main: { [name]: "x" } } })).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({
            path: `configurator.settings.main.${name}`,
            message: expect.stringContaining(`\`${name}\` would lead elsewhere`) as string,
          }),
        ],
      }),
    );
  });
  it("other settings of Puppet are the user's", () => {
    const settings = { main: { strict: "error" }, agent: { splaylimit: "5m" }, server: {} };
    expect(() => puppet({ settings })).not.toThrow();
  });
  it("a larger heap needs a larger master", () => {
    expect(puppet({ heapMb: 256 }).minimumMemoryMb.master).toBeLessThan(1000);
    expect(puppet({ heapMb: 2048 }).minimumMemoryMb.master).toBeGreaterThan(2400);
  });
});

describe("the repository's key", () => {
  const KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmine\n-----END PGP PUBLIC KEY BLOCK-----\n";
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootmachine-puppet-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it("may be a file, which counts from the config's folder", async () => {
    await writeFile(join(directory, "vendor.asc"), KEY);
    const configurator = puppet({ repository: { key: "vendor.asc" } });
    expect(() => configurator.install(undefined as never)).toThrow(/has not read it yet/);
    expect(await configurator.check?.(directory)).toEqual([]);
  });
  it("may be the text itself", async () => {
    expect(await puppet({ repository: { key: KEY } }).check?.(directory)).toEqual([]);
  });
  it("is told of where it is neither", async () => {
    await writeFile(join(directory, "empty.asc"), "");
    for (const key of ["ABCD", "empty.asc"]) {
      expect(await puppet({ repository: { key } }).check?.(directory)).toEqual([
        expect.objectContaining({
          path: ["repository", "key"],
          message: expect.stringMatching(
            /neither a key nor a file|no armoured OpenPGP public key/,
          ) as string,
        }),
      ]);
    }
  });
});

describe("the user's tree", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootmachine-puppet-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });
  const problems = async (): Promise<string> =>
    JSON.stringify(await puppet({ tree: "./puppet" }).check?.(directory));
  const write = async (path: string, text: string): Promise<void> => {
    const file = join(directory, "puppet", path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, text);
  };

  it("must be there", async () => {
    expect(await problems()).toContain("is not there");
  });
  it("must have manifests, where it does not say otherwise", async () => {
    await write("data/common.yaml", "{}\n");
    expect(await problems()).toContain("has no manifests");
    await write("environment.conf", "manifest = site.pp\n");
    expect(await problems()).toBe("[]");
  });
  it("must hold the modules of its Puppetfile", async () => {
    await write("manifests/site.pp", "");
    await write("Puppetfile", "mod 'puppetlabs-stdlib', '9.6.0'\nmod 'puppet/nginx'\n# mod 'no'\n");
    expect(await problems()).toContain("stdlib, nginx");
    await write("modules/stdlib/metadata.json", "{}");
    await write("modules/nginx/metadata.json", "{}");
    expect(await problems()).toBe("[]");
  });
  it("may have its modules where the Puppetfile puts them, and its own on the modulepath", async () => {
    await write("manifests/site.pp", "");
    await write("environment.conf", "modulepath = site:$basemodulepath\n");
    await write(
      "Puppetfile",
      "moduledir 'thirdparty'\nmod 'puppetlabs-stdlib', '9.6.0'\nmod 'profile', :local => true\nmod 'site_data',\n  :git => 'https://git.example/data.git',\n  :install_path => 'hieradata'\n",
    );
    await write("modules/stdlib/metadata.json", "{}");
    expect(await problems()).toContain("not in its folder thirdparty: stdlib, profile, site_data");
    await write("thirdparty/stdlib/metadata.json", "{}");
    await write("site/profile/manifests/base.pp", "");
    await write("hieradata/site_data/common.yaml", "{}");
    expect(await problems()).toBe("[]");
  });
  it("must have a hierarchy that an environment can have", async () => {
    await write("manifests/site.pp", "");
    await write("hiera.yaml", "---\n:backends: yaml\n");
    expect(await problems()).toContain("not of version 5");
    await write("hiera.yaml", "version: [\n");
    expect(await problems()).toContain("is no YAML");
  });
  it("is in order as the starter kit has it", async () => {
    const kit = puppet({}).starterKit;
    expect(kit).toBeDefined();
    expect(await puppet({ tree: kit?.pathname ?? "" }).check?.(directory)).toEqual([]);
  });
});
