import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { debian } from "../../../src/distros/debian.ts";
import type { CommandResource } from "../../../src/program/resource.ts";
import { factsFixture } from "../../golden/baseline/fixture.ts";
import { Scratch, SHELLS } from "../program/shells.ts";

const ID = "ssh-server nothing matched earlier";
const SETTINGS = [
  ["Port", "2849"],
  ["PermitRootLogin", "no"],
  ["PasswordAuthentication", "no"],
  ["KbdInteractiveAuthentication", "no"],
  ["AllowTcpForwarding", "local"],
] as const;

describe.each(SHELLS)("Match blocks that are read before the drop-in, by $name", (shell) => {
  let scratch: Scratch;
  let resource: CommandResource;
  const directory = (): string => join(scratch.path, "sshd_config.d");

  function begin(files: Readonly<Record<string, string>>): void {
    scratch = new Scratch(shell);
    mkdirSync(directory());
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory(), name), text);
    const found = debian()
      .sshServer({ type: "ssh-server", settings: SETTINGS }, factsFixture("12"))
      .find(({ id }) => id === ID);
    if (found?.type !== "command") throw new Error(`there is no "${ID}"`);
    const text = JSON.stringify(found).replaceAll("/etc/ssh/sshd_config.d", directory());
    resource = JSON.parse(text) as CommandResource;
  }
  const read = (name: string): string => readFileSync(join(directory(), name), "utf8");
  afterEach(() => scratch.remove());

  it("are named by file, line and block, and lose what they set of ours", () => {
    begin({
      "00-aaa.conf": 'Match User ada\n  passwordauthentication = "yes" # for now\n',
      "00-bbb.conf":
        "X11Forwarding yes\nMatch Address 10.0.0.0/8\n\tPermitRootLogin yes\nMatch all\nSkeyAuthentication yes\nInclude /etc/ssh/more\n",
      "00-bootmachine.conf": "Match all\nPasswordAuthentication no\n",
    });
    const [looked] = scratch.check(resource);
    expect(looked?.status).toBe("differs");
    const seen = JSON.stringify(looked);
    expect(seen).toContain(`${directory()}/00-aaa.conf:2: passwordauthentication`);
    expect(seen).toContain("Match Address 10.0.0.0/8");
    expect(seen).not.toContain("X11Forwarding");

    expect(scratch.apply(resource)).toMatchObject([{ status: "changed" }]);
    expect(read("00-aaa.conf")).toBe(
      'Match User ada\n# bootmachine, instead of:   passwordauthentication = "yes" # for now\n',
    );
    expect(read("00-bbb.conf")).toBe(
      "X11Forwarding yes\nMatch Address 10.0.0.0/8\n# bootmachine, instead of: \tPermitRootLogin yes\nMatch all\n# bootmachine, instead of: SkeyAuthentication yes\n# bootmachine, instead of: Include /etc/ssh/more\n",
    );
    expect(readFileSync(join(scratch.path, "state/originals/00-aaa.conf"), "utf8")).toContain(
      '\n  passwordauthentication = "yes"',
    );
    expect(scratch.apply(resource)).toMatchObject([{ status: "ok" }]);
  });

  it("stay where they say the same, confine somebody, or are read later", () => {
    const confines =
      "Match Group partners\n  ChrootDirectory /srv/%u\n  ForceCommand internal-sftp\n  PasswordAuthentication no\n";
    begin({
      "00-aaa.conf": confines,
      "50-later.conf": "Match User ada\n  PasswordAuthentication yes\n",
    });
    // Our own file is not there yet: its place in the order is known all the same.
    expect(scratch.check(resource)).toMatchObject([{ status: "ok" }]);
    writeFileSync(join(directory(), "00-aaa.conf"), `${confines}  AllowTcpForwarding yes\n`);
    expect(scratch.apply(resource)).toMatchObject([{ status: "changed" }]);
    expect(read("00-aaa.conf")).toBe(
      `${confines}# bootmachine, instead of:   AllowTcpForwarding yes\n`,
    );
    expect(read("50-later.conf")).not.toContain("#");
  });

  it("are none where there is no file", () => {
    begin({});
    expect(scratch.check(resource)).toMatchObject([{ status: "ok" }]);
    rmSync(directory(), { recursive: true });
    expect(scratch.apply(resource)).toMatchObject([{ status: "ok" }]);
  });
});
