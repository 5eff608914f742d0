import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { accessResources } from "../../../src/baseline/access-resources.ts";
import type { BaselineContext } from "../../../src/baseline/context.ts";
import { groundResources } from "../../../src/baseline/ground-resources.ts";
import { prepareResources } from "../../../src/baseline/prepare-resources.ts";
import { serverData } from "../../../src/baseline/server-data.ts";
import { compileProgram } from "../../../src/program/compile-program.ts";
import type { Resource } from "../../../src/program/resource.ts";
import {
  contextFixture,
  factsFixture,
  RELEASE_NAMES,
  userFixture,
} from "../../golden/baseline/fixture.ts";

const run = promisify(execFile);

const HASH = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC";

function changed(
  context: BaselineContext,
  stack: Partial<BaselineContext["stack"]>,
): BaselineContext {
  return { ...context, stack: { ...context.stack, ...stack } };
}

/** A distro that adds resources of its own to the baseline. */
function withResources(context: BaselineContext, added: readonly Resource[]): BaselineContext {
  const { distro } = context;
  return {
    ...context,
    distro: { ...distro, baseline: { ...distro.baseline, unwantedServices: () => added } },
  };
}

describe.each(RELEASE_NAMES)("Debian %s", (release) => {
  const context = contextFixture(release);
  const data = serverData(context);

  it("says every file as the programs write it", () => {
    const program = compileProgram(
      [
        ...prepareResources(context),
        ...groundResources(context),
        ...accessResources(context, "final"),
      ],
      { title: "all", mode: "apply", distro: context.distro, facts: context.facts },
    ).text;
    const paths = data.files.map(({ path }) => path);
    expect(paths).toContain("/etc/ssh/sshd_config.d/00-bootmachine.conf");
    expect(paths).toContain("/etc/nftables.d/bootmachine.nft");
    expect(paths).toContain("/etc/sudoers.d/bootmachine-ada");
    expect(paths).toContain("/etc/sysctl.d/60-bootmachine-network.conf");
    expect(paths).toContain("/etc/sysctl.d/60-bootmachine-kernel.conf");
    expect(paths).toContain("/etc/apt/apt.conf.d/52bootmachine");
    expect(new Set(paths).size).toBe(paths.length);
    for (const file of data.files) {
      const attributes = `'${file.path}' ${file.mode.replace(/^0/, "")} ${file.owner} ${file.group}`;
      expect(program.replaceAll("'", "")).toContain(attributes.replaceAll("'", ""));
      for (const line of file.content.trim().split("\n")) expect(program).toContain(line);
    }
  });

  it("asks a shell for nothing that it does not understand", async () => {
    expect(data.commands.length).toBeGreaterThan(5);
    for (const { check, run: text } of data.commands) {
      await run("sh", ["-n", "-c", check]);
      await run("sh", ["-n", "-c", text]);
    }
  });
});

it("is the same whichever way a run came in", () => {
  const first = serverData(contextFixture("12", { arrivalUser: "debian", arrivalPort: 22 }));
  const second = serverData(contextFixture("12", { arrivalUser: "ada", arrivalPort: 2849 }));
  expect(second).toEqual(first);
  const rules = first.files.find(({ path }) => path.endsWith(".nft"))?.content;
  expect(rules).toContain("tcp dport 2849 accept");
  expect(rules).not.toContain("tcp dport 22 ");
});

it("holds no secret", () => {
  const context = contextFixture("12");
  const data = serverData(
    withResources(
      changed(context, { users: [userFixture("ada", { passwordHash: HASH, sudo: "yes" })] }),
      [{ type: "file", path: "/etc/token", content: "hunter2\n", secret: true }],
    ),
  );
  expect(data.users.map(({ name }) => name)).toEqual(["ada"]);
  expect(JSON.stringify(data)).not.toContain(HASH);
  expect(JSON.stringify(data)).not.toContain("hunter2");
});

it("tells users with keys from those without and those whose keys others write", () => {
  const context = contextFixture("12");
  const { users, absent_files } = serverData(context);
  expect(users.map(({ name, keys }) => [name, keys?.length])).toEqual([
    ["ada", 1],
    ["deploy", 1],
    ["mail", 0],
  ]);
  const tool = userFixture("tool", { keys: [], hasToolKeys: true, sudo: "nopasswd" });
  const withTool = serverData(changed(context, { users: [...context.stack.users, tool] }));
  expect(withTool.users.find(({ name }) => name === "tool")?.keys).toBeNull();
  expect(withTool.files.map(({ path }) => path)).toContain("/etc/sudoers.d/bootmachine-tool");
  // Root's keys opened the old way in.
  expect(absent_files).toContain("/root/.ssh/authorized_keys");
  // "deploy" has no power.
  expect(absent_files).toContain("/etc/sudoers.d/bootmachine-deploy");
});

describe("in a container", () => {
  const facts = factsFixture("12", { isContainer: true });
  const data = serverData(contextFixture("12", { facts }));

  it("leaves out what belongs to the whole computer", () => {
    expect(data.files.map(({ path }) => path)).not.toContain(
      "/etc/sysctl.d/60-bootmachine-kernel.conf",
    );
    expect(data.commands.map(({ name }) => name)).not.toContain("sysctl kernel");
    expect(data.commands.map(({ name }) => name)).not.toContain("time synchronisation");
  });
});

describe("conditions that only the host can judge", () => {
  const condition = `[ "$BM_TEST_HOLDS" = yes ]`;
  const context = withResources(contextFixture("12"), [
    {
      type: "command",
      id: "conditional",
      onlyIf: condition,
      check: "exit 7",
      run: "true",
    },
    { type: "file", path: "/etc/conditional", content: "", onlyIf: condition },
  ]);
  const data = serverData(context);

  it("stay with commands", async () => {
    const check = data.commands.find(({ name }) => name === "conditional")?.check ?? "";
    await expect(run("sh", ["-c", check], { env: { BM_TEST_HOLDS: "no" } })).resolves.toBeDefined();
    await expect(run("sh", ["-c", check], { env: { BM_TEST_HOLDS: "yes" } })).rejects.toMatchObject(
      {
        code: 7,
      },
    );
  });
  it("make a service a command", () => {
    expect(data.services.map(({ name }) => name)).not.toContain("systemd-timesyncd.service");
    expect(data.commands.find(({ name }) => name === "time synchronisation")?.check).toContain(
      "chrony.service",
    );
  });
  it("keep files and packages out", () => {
    expect(data.files.map(({ path }) => path)).not.toContain("/etc/conditional");
    expect(data.packages).not.toContain("systemd-timesyncd");
  });
});

it("says which service takes up a change", () => {
  const context = withResources(contextFixture("12"), [
    {
      type: "file",
      path: "/etc/with-triggers",
      content: "",
      owner: "ada",
      triggers: [{ reload: "a.service" }, { restart: "b.service" }, { run: "true" }],
    },
  ]);
  expect(serverData(context).files.find(({ path }) => path === "/etc/with-triggers")).toMatchObject(
    {
      reload: ["a.service"],
      restart: ["b.service"],
      commands: ["true"],
      group: "ada",
    },
  );
});
