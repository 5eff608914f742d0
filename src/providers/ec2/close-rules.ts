import { type Caller, pause } from "../../cloud/caller.ts";
import type { Cloud } from "./cloud.ts";
import { closeGroup, type Ec2Group, listGroups } from "./group-calls.ts";
import { type Rule, ruleKey, toPermission, toRules } from "./group-rules.ts";
import type { Ec2Settings } from "./options.ts";

/**
 * Closes these rules of a group. One that EC2 does not know may keep the others of the same call open: then what is still
 * there is closed one by one.
 *
 * @returns those that are still there, `settleMs` after the last of them was to be closed
 */
export async function closeRules(
  cloud: Cloud,
  { settleMs }: Pick<Ec2Settings, "settleMs">,
  rules: readonly Rule[],
  group: Ec2Group,
  caller: Caller,
): Promise<readonly Rule[]> {
  const close = async (some: readonly Rule[]): Promise<boolean> =>
    await closeGroup(cloud.api, group, some.map(toPermission), caller);
  const stillThere = async (some: readonly Rule[]): Promise<readonly Rule[]> => {
    const filter = { Name: "group-id", Values: [group.id] };
    const [now] = await listGroups(cloud.api, [filter], caller);
    const keys = new Set(toRules(now?.permissions ?? []).map(ruleKey));
    return some.filter((rule) => keys.has(ruleKey(rule)));
  };
  if (await close(rules)) return [];
  let kept: readonly Rule[] = [];
  for (const rule of await stillThere(rules)) if (!(await close([rule]))) kept = [...kept, rule];
  // A rule that another run, or the first call, has closed may be shown for a moment longer.
  const deadline = Date.now() + settleMs;
  for (let waitMs = Math.max(settleMs / 50, 10); kept.length > 0; waitMs *= 2) {
    kept = await stillThere(kept);
    if (Date.now() + waitMs > deadline) break;
    if (kept.length > 0) await pause(waitMs, caller.signal);
  }
  return kept;
}
