import { describe, expect, it } from "vitest";

import { chef } from "../../../../src/configurators/chef/chef.ts";
import type { ChefOptions } from "../../../../src/configurators/chef/options.ts";
import { UserError } from "../../../../src/errors/error.ts";

function problemsOf(options: unknown): readonly string[] {
  try {
    chef(options as ChefOptions);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return (error.problems ?? []).map(({ path, message }) => `${path}: ${message}`);
  }
}

const SHA256 = "a".repeat(64);

describe("options of chef", () => {
  it("has a default for everything, and runs nothing without a tree", () => {
    expect(problemsOf({})).toEqual([]);
    expect(chef().run([])).toBeUndefined();
  });

  it.each([
    [{ verison: "18" }, "verison"],
    [{ version: "18.x" }, "version"],
    [{ runList: ["recipe site"] }, "runList"],
    [{ remoteDir: "srv/chef" }, "remoteDir"],
    [{ remoteDir: "/srv/../etc" }, "remoteDir"],
    [{ packages: { "debian-12": { url: "https://example.org/cinc.deb" } } }, "packages"],
    [{ packages: { Debian: { file: "cinc.deb", sha256: SHA256 } } }, "packages"],
    [{ policy: { name: "web" } }, "tree"],
    [{ server: {} }, "tree"],
    [{ tree: "chef", server: { organization: "Main" } }, "server.organization"],
    [
      {
        product: "chef",
        acceptLicense: true,
        packages: { "debian-12": { url: "https://example.org/chef.deb", sha256: SHA256 } },
        tree: "chef",
        server: {},
      },
      "server.packages",
    ],
  ])("refuses %j", (options, place) => {
    expect(problemsOf(options).join("\n")).toContain(place);
  });

  const secret = { url: "https://me:secret@example.org/cinc.deb", sha256: SHA256 };
  it.each([
    [{ downloadService: "https://me@example.org" }, "downloadService"],
    [{ packages: { "debian-12": secret } }, `packages["debian-12"].url`],
    [
      { tree: "chef", server: { packages: { "debian-12": secret } } },
      `server.packages["debian-12"].url`,
    ],
  ])("refuses a user or a password in an address: %j", (options, place) => {
    const problems = problemsOf(options).join("\n");
    expect(problems).toContain(place);
    expect(problems).toContain("a user or a password in it");
    expect(problems).not.toContain("secret");
  });

  it("wants the licence accepted for Chef's own build, and to know where it comes from", () => {
    expect(problemsOf({ product: "chef" }).join("\n")).toContain("acceptLicense");
    expect(problemsOf({ product: "chef", acceptLicense: true }).join("\n")).toContain(
      "downloadService",
    );
    expect(
      problemsOf({
        product: "chef",
        acceptLicense: true,
        packages: { "debian-12": { url: "https://example.org/chef.deb", sha256: SHA256 } },
      }),
    ).toEqual([]);
  });
});
