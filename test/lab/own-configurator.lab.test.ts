import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";

tested({ what: "a configurator of one's own", how: "real", on: ["Debian 13"] });

const EXAMPLE = resolve(import.meta.dirname, "../../examples/own-configurator");

describe("the example of a configurator of one's own", () => {
  let project: StackProject;
  beforeAll(async () => {
    project = await StackProject.create("own", []);
    // The example as it is, but for the stack's name and the key.
    await rm(join(project.directory, "bootmachine.config.yaml"));
    await cp(EXAMPLE, project.directory, { recursive: true });
    const file = join(project.directory, "bootmachine.config.ts");
    const text = await readFile(file, "utf8");
    await writeFile(
      file,
      text.replace('"shop"', `"${project.name}"`).replaceAll("~/.ssh/id_ed25519", "./id"),
    );
  });
  afterAll(async () => {
    await project.remove();
  });

  it("runs on each server after it was secured, and what it did is shown in its words", async () => {
    const up = await project.run("up", "--yes", "--plain");
    expect(up.status, story(up)).toBe(0);
    expect(up.stdout).toContain("web1 snippets: changed 10-motd.sh");
    expect(up.stdout).toMatch(/web1 configure: changed, \d+ changes, snippets: 2 changed/);
    expect(up.stdout).toMatch(/db1 configure: changed, \d+ changes, snippets: 1 ok, 1 changed/);
    expect((await project.onServer("web1", "cat /etc/motd; ls -d /srv/www")).stdout).toBe(
      "This is web1 (web).\n/srv/www\n",
    );
    expect((await project.onServer("db1", "cat /etc/motd")).stdout).toBe("This is db1.\n");
  });

  it("is left alone by a second up, and by a plan", async () => {
    const up = await project.run("up", "--yes");
    expect(up.stdout.split("\n").at(-1), story(up)).toMatch(/^Everything is in place/);
    const plan = await project.run("plan");
    expect(plan.stdout).toContain("Plan: 0 servers to change");
  });

  it("runs again when it is asked to, and changes nothing", async () => {
    const run = await project.run("configurator", "run", "web1");
    expect(run.status, story(run)).toBe(0);
    expect(run.stdout).toContain("snippets ran and changed nothing");
  });

  it("tells of a changed folder in the plan; push brings it over and runs nothing", async () => {
    const snippet = join(project.directory, "snippets/30-note.sh");
    await writeFile(snippet, '[ "$1" = apply ] || exit 1\necho "no note today" >&2\nexit 3\n');
    const plan = await project.run("plan");
    expect(plan.stdout, story(plan)).toContain(
      "~ run-snippets (the tree has changed since the last good run)",
    );
    const push = await project.run("configurator", "push", "web1");
    expect(push.stdout, story(push)).toContain("web1  snippets: 1 file written, 0 removed");
    expect(push.stdout).toContain("+ 30-note.sh");
    expect((await project.onServer("web1", "ls /var/lib/snippets/")).stdout).toContain(
      "30-note.sh",
    );
    expect((await project.onServer("db1", "ls /var/lib/snippets/")).stdout).not.toContain(
      "30-note",
    );
  });

  it("fails with the tool's own reason, and goes on when the cause is mended", async () => {
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(1);
    expect(up.stdout).toContain("TOOL_FAILED snippets failed at 1 of 3 things on web1.");
    expect(up.stdout).toContain("| 30-note.sh:");
    expect(up.stdout).toContain("|   no note today");
    const log = await project.run("log");
    expect(log.stdout).toContain("web1 snippets: 2 ok, 1 failed");
    await rm(join(project.directory, "snippets/30-note.sh"));
    const again = await project.run("up", "--yes");
    expect(again.status, story(again)).toBe(0);
  });

  it("is proved by its own check", async () => {
    await project.onServer("db1", "rm /usr/local/sbin/run-snippets");
    const proof = await project.run("verify");
    expect(proof.status, story(proof)).toBe(1);
    expect(proof.stdout).toContain("configurator-runner-there");
    expect(proof.stdout).toContain("/usr/local/sbin/run-snippets is missing");
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(0);
    expect((await project.run("verify")).status).toBe(0);
  });
});
