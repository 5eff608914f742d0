import { expect } from "vitest";

import { DRIFTING_ACCOUNTS } from "./baseline-drift.ts";
import { QUICK_LOGINS } from "./quick-logins.ts";
import { type CommandResult, StackProject, story } from "./stack-project.ts";
import { outcomes, toolReport } from "./tool-report.ts";

/** Several servers at once take their time: none is to go back on its access change for that. */
export const PATIENT_SSH = {
  port: 2849,
  identityFile: "./id",
  configFile: QUICK_LOGINS,
  rollbackSeconds: 300,
};

/** The first is the master, where the tool has one. Debian 12 and 13 mixed; roles with signs that some tools do not take. */
export const TOOL_SERVERS = [
  { name: "boss", image: "debian-13", roles: ["control"] },
  { name: "web1", image: "debian-12", roles: ["web", "front-end"] },
  { name: "web2", image: "debian-13", roles: ["web"] },
  { name: "db1", image: "debian-12", roles: [] },
] as const;

/** A stack for the tests of one tool: users with and without keys, an opening for a role, no upgrades of today's archive. */
export function createToolStack(
  configurator: Readonly<Record<string, unknown>> & { readonly name: string },
  more: Readonly<Record<string, unknown>> = {},
): Promise<StackProject> {
  return StackProject.create(configurator.name, TOOL_SERVERS, {
    ...DRIFTING_ACCOUNTS,
    firewall: [{ port: 80, from: "anywhere", roles: ["web"] }],
    configurator,
    upgrades: { atBoot: "none" },
    ssh: PATIENT_SSH,
    ...more,
  });
}

/** From no machine to proved; the starter kit's first run finds the baseline as it keeps it, by the tool's own report. */
export async function expectFromNothing(
  project: StackProject,
  phases: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const up = await project.run("up", "--yes", "--json");
  expect(up.status, story(up)).toBe(0);
  for (const { name } of TOOL_SERVERS) {
    expect(outcomes(up.events, name), name).toMatchObject({
      secure: "changed",
      verify: "unchanged",
      ...phases,
    });
    expect(toolReport(up.events, name, "changed"), name).toEqual([]);
    expect(toolReport(up.events, name, "ok").length, name).toBeGreaterThan(10);
  }
  return up;
}

/** One more `up`: nothing is changed, and the tool is not run. */
export async function expectNothingToDo(project: StackProject): Promise<void> {
  const up = await project.run("up", "--yes", "--json");
  expect(up.status, story(up)).toBe(0);
  for (const { name } of TOOL_SERVERS) {
    expect(Object.values(outcomes(up.events, name)), name).not.toContain("changed");
    expect(toolReport(up.events, name, "ok"), name).toEqual([]);
  }
}
