import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { serverData } from "../../../src/baseline/server-data.ts";
import { ansible } from "../../../src/configurators/ansible/ansible.ts";
import { chef } from "../../../src/configurators/chef/chef.ts";
import type { Configurator, ServerData } from "../../../src/configurators/contract.ts";
import { puppet } from "../../../src/configurators/puppet/puppet.ts";
import { salt } from "../../../src/configurators/salt/salt.ts";
import { contextFixture } from "../../golden/baseline/fixture.ts";

/** What says who a server is, and is there for the user's own roles. */
const IDENTITY = ["stack", "server", "roles", "master", "members"] satisfies (keyof ServerData)[];

function kitOf({ starterKit }: Configurator): string {
  const folder = starterKit?.pathname ?? "";
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "README.md")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

describe("the starter kits", () => {
  const kept = Object.keys(serverData(contextFixture("12"))).filter(
    (key) => !(IDENTITY as readonly string[]).includes(key),
  );
  const kits = [
    ["ansible", ansible(), (key: string) => new RegExp(`bootmachine\\.${key}\\b`)],
    ["chef", chef(), (key: string) => new RegExp(`(data|node\\['bootmachine'\\])\\['${key}'\\]`)],
    ["puppet", puppet(), (key: string) => new RegExp(`\\$bootmachine::server\\['${key}'\\]`)],
    ["salt", salt(), (key: string) => new RegExp(`(data|\\['bootmachine'\\])(\\.|\\[')${key}\\b`)],
  ] as const;

  it.each(kits)("of %s keeps all that a server's data say of it", (_name, configurator, reads) => {
    const kit = kitOf(configurator);
    expect(kept).toContain("timezone");
    expect(kept.filter((key) => !reads(key).test(kit))).toEqual([]);
  });
});
