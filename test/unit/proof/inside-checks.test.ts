import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { ResourceReport } from "../../../src/program/report.ts";
import { resourceId } from "../../../src/program/resource-id.ts";
import { CHECKS } from "../../../src/proof/checks.ts";
import { insideResources, judgeInside } from "../../../src/proof/inside-checks.ts";
import { invertDiff } from "../../../src/proof/invert-diff.ts";
import { CONTEXT, FACTS, STACK } from "./proof-context.ts";

const CLOCK = { nowSeconds: 1_800_000_000 };
const INSIDE = insideResources(CONTEXT, CLOCK);
const IDS = INSIDE.map(({ resource }) => resourceId(resource));

function reportsWith(
  changes: Readonly<Record<string, Partial<ResourceReport> | undefined>> = {},
): readonly ResourceReport[] {
  return IDS.flatMap((id) => {
    if (id in changes && changes[id] === undefined) return [];
    return [{ id, status: "ok", ms: 1, ...changes[id] }];
  });
}

function failures(reports: readonly ResourceReport[]) {
  return judgeInside(INSIDE, reports).filter(({ status }) => status === "failed");
}

describe("insideResources", () => {
  it("covers every inside check of the table, and no other", () => {
    const covered = new Set<string>(INSIDE.map(({ check }) => check.id));
    const wanted = Object.values(CHECKS).filter(({ from }) => from === "inside");
    expect([...covered].sort()).toEqual(wanted.map(({ id }) => id).sort());
  });

  it("gives every resource an id of its own that says where it belongs", () => {
    expect(new Set(IDS).size).toBe(IDS.length);
    for (const { part, resource } of INSIDE) {
      expect(resourceId(resource)).toMatch(
        part === "proof" ? /^proof / : new RegExp(`^${part}: `, "u"),
      );
    }
  });

  it("asks live questions that change nothing and hold no secret", () => {
    const live = INSIDE.filter(({ part }) => part === "proof");
    expect(live.length).toBeGreaterThan(10);
    for (const { resource } of live) {
      expect(resource.type).toBe("command");
      expect("run" in resource).toBe(false);
      expect(JSON.stringify(resource)).not.toContain("secret-hash");
    }
  });

  it.each([["sh"], ["dash"], ["busybox", "sh"], ["bash", "--posix"], ["mksh"]])(
    "is text that %s understands",
    (program, ...args) => {
      for (const { resource } of INSIDE) {
        if (resource.type !== "command") continue;
        const { status, stderr } = spawnSync(program, [...args, "-n"], {
          input: `bm_check() {\n${resource.check}\n}\n`,
          encoding: "utf8",
        });
        expect({ id: resource.id, status, stderr }).toEqual({
          id: resource.id,
          status: 0,
          stderr: "",
        });
      }
    },
  );

  it("skips the clock in a container, and upgrades where none are wanted", () => {
    const container = { ...CONTEXT, facts: { ...FACTS, isContainer: true } };
    const find = (context: typeof CONTEXT, id: string) =>
      insideResources(context, CLOCK).find(({ resource }) => resourceId(resource) === id)?.resource;
    expect(find(container, "proof clock-right")?.onlyIf).toBe("false");
    expect(find(CONTEXT, "proof clock-right")?.onlyIf).toBeUndefined();
    const upgrades = { atBoot: "none", automatic: "none", reboot: "never" } as const;
    const without = { ...CONTEXT, server: { ...CONTEXT.server, upgrades } };
    expect(find(without, "proof security-upgrades")?.onlyIf).toBe("false");
  });

  it("takes a user's name for a name, whatever is in it", () => {
    const evil = STACK.users.map((user) => ({ ...user, name: "a'; touch /tmp/evil; '" }));
    const resources = insideResources({ ...CONTEXT, stack: { ...STACK, users: evil } }, CLOCK);
    const locked = resources.find(({ check }) => check.id === "users-password-locked")?.resource;
    if (locked?.type !== "command") throw new Error("no such check");
    const text = `awk() { printf '%s\\n' "$3"; }; touch() { echo "ran touch"; }\n${locked.check}\n`;
    const { stdout } = spawnSync("sh", ["-s"], { input: text, encoding: "utf8" });
    expect(stdout).not.toContain("ran touch");
    expect(stdout).toContain("a'; touch /tmp/evil; '");
  });
});

describe("invertDiff", () => {
  it("shows drift as wanted (-) against found (+), and inverted twice is what it was", () => {
    const change = [
      "--- /etc/motd",
      "+++ wanted",
      "@@ -1,2 +1,3 @@ head",
      " same",
      "-found",
      "+wanted",
      "+more",
    ];
    expect(invertDiff(change)).toEqual([
      "--- wanted",
      "+++ /etc/motd",
      "@@ -1,3 +1,2 @@ head",
      " same",
      "+found",
      "-wanted",
      "-more",
    ]);
    expect(invertDiff(invertDiff(change))).toEqual(change);
  });
});

describe("judgeInside", () => {
  it("passes where all is as wanted, one result for each check, in the order of the table", () => {
    const results = judgeInside(INSIDE, reportsWith());
    expect(results.map(({ status }) => status)).not.toContain("failed");
    const order = Object.keys(CHECKS);
    const places = results.map(({ id }) => order.indexOf(id));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(places.length);
  });

  it("shows the diff of what differs, under its own check alone", () => {
    const found = failures(
      reportsWith({
        "access: authorized-keys ada": { status: "differs", diff: ["-ssh-ed25519 EVIL"] },
      }),
    );
    expect(found).toMatchObject([
      {
        id: "users-keys",
        detail: "authorized-keys ada: 1 found that should not be",
        diff: ["+ssh-ed25519 EVIL"],
      },
    ]);
  });

  it("shows what a live question printed", () => {
    const output = ["+ toor has uid 0"];
    expect(
      failures(reportsWith({ "proof accounts-root-only-uid-0": { status: "differs", output } })),
    ).toMatchObject([
      { id: "accounts-root-only-uid-0", detail: "1 found that should not be", diff: output },
    ]);
  });

  it("finds what the distro made of a resource by its parent's id", () => {
    const reports = [
      ...reportsWith({ "access: firewall": undefined }),
      { id: "access: firewall rules", status: "ok", ms: 1 },
      { id: "access: firewall live rules", status: "differs", ms: 1, output: ["+tcp dport 99"] },
    ] as const;
    expect(failures(reports)).toMatchObject([{ id: "firewall-rules", diff: ["+tcp dport 99"] }]);
  });

  it("takes silence for a failure", () => {
    expect(failures(reportsWith({ "proof units-none-failed": undefined }))).toMatchObject([
      { id: "units-none-failed", detail: "not looked at" },
    ]);
    const skipped = { status: "skipped", reason: "after a failure" } as const;
    expect(failures(reportsWith({ "proof units-none-failed": skipped }))).toHaveLength(1);
  });

  it("skips with the reason where all that stands for a check was skipped", () => {
    const skip = { status: "skipped", reason: "a container" } as const;
    const results = judgeInside(INSIDE, reportsWith({ "proof clock-right": skip }));
    expect(results.find(({ id }) => id === "clock-right")).toMatchObject({
      status: "skipped",
      detail: "a container",
    });
    // One of two: the other one still proves something.
    const half = judgeInside(INSIDE, reportsWith({ "ground: sysctl kernel": skip }));
    expect(half.find(({ id }) => id === "kernel-settings")?.status).toBe("passed");
  });
});
