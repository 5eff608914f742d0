import { SYSTEM_GROUPS, SYSTEM_USERS } from "../account-names.ts";
import { type Draft, presentItems } from "../draft.ts";
import type { ConfigPath, ReportProblem } from "../problem.ts";
import type { GroupInput, StackInput, UserInput } from "../stack-input.ts";
import { nearestWord, suggestWord } from "../suggest.ts";

const NOBODY = new Set([65_534, 65_535]);

/** Remembers who holds a value, and reports the second one. */
function claim<T extends string | number>(
  taken: Map<T, string>,
  value: T | undefined,
  holder: string,
  path: ConfigPath,
  what: string,
  report: ReportProblem,
): void {
  if (value === undefined) return;
  const other = taken.get(value);
  if (other === undefined) taken.set(value, holder);
  else {
    report({
      path,
      message: `the ${what} ${JSON.stringify(value)} is taken by ${other}`,
      hint: `Every ${what} is used once.`,
    });
  }
}

function checkId(value: number | undefined, path: ConfigPath, report: ReportProblem): void {
  if (value !== undefined && NOBODY.has(value)) {
    report({
      path,
      message: `${value} means "nobody" to the system`,
      hint: "Choose another number.",
    });
  }
}

/** Groups: names free, ids unique. */
export function checkGroups(draft: Draft<StackInput>, report: ReportProblem): void {
  const names = new Map<string, string>();
  const ids = new Map<number, string>();
  for (const [index, group] of presentItems<Draft<GroupInput>>(draft.groups)) {
    const path = ["groups", index];
    const holder = `groups[${index}]`;
    if (group.name !== undefined && SYSTEM_GROUPS.has(group.name)) {
      report({
        path: [...path, "name"],
        message: `"${group.name}" is a group of the system`,
        hint: "Leave it out here; a user may be put into it without declaring it.",
      });
    }
    claim(names, group.name, holder, [...path, "name"], "group name", report);
    claim(ids, group.gid, holder, [...path, "gid"], "gid", report);
    checkId(group.gid, [...path, "gid"], report);
  }
}

function checkUserGroups(
  user: Draft<UserInput>,
  path: ConfigPath,
  declared: ReadonlySet<string>,
  report: ReportProblem,
): void {
  const seen = new Set<string>();
  for (const [index, group] of presentItems(user.groups)) {
    const itemPath = [...path, "groups", index];
    if (seen.has(group)) report({ path: itemPath, message: `"${group}" stands here twice` });
    seen.add(group);
    if (declared.has(group) || SYSTEM_GROUPS.has(group) || group === user.name) continue;
    const nearest = nearestWord(group, [...declared, ...SYSTEM_GROUPS]);
    report({
      path: itemPath,
      message: `there is no group "${group}"`,
      hint: `${nearest === undefined ? "" : `Did you mean "${nearest}"? `}Declare it in \`groups\` of the stack.`,
    });
  }
}

function checkSudo(user: Draft<UserInput>, path: ConfigPath, report: ReportProblem): void {
  if (user.sudo === "yes" && user.passwordHash === undefined) {
    report({
      path: [...path, "sudo"],
      message: "asks for a password that nobody has: without passwordHash the password is locked",
      hint: 'Give `passwordHash`, or say sudo: "nopasswd".',
    });
  }
  if (user.sudo !== "yes") {
    const group = presentItems(user.groups).find(([, name]) => name === "sudo" || name === "wheel");
    if (group !== undefined && user.sudo !== "nopasswd") {
      report({
        path: [...path, "groups", group[0]],
        message: `the group "${group[1]}" gives sudo, and sudo is "no"`,
        hint: 'Say sudo: "yes" or "nopasswd", or leave the group out.',
      });
    }
  }
}

/** Users: names free and not the system's, ids unique, groups there, sudo that can work. */
export function checkUsers(draft: Draft<StackInput>, report: ReportProblem): void {
  const names = new Map<string, string>();
  const uids = new Map<number, string>();
  const gids = new Map<number, string>();
  const groups = presentItems<Draft<GroupInput>>(draft.groups);
  const declared = new Set(groups.flatMap(([, group]) => group.name ?? []));
  const groupIds = new Set(groups.flatMap(([, group]) => group.gid ?? []));
  for (const [index, user] of presentItems<Draft<UserInput>>(draft.users)) {
    const path = ["users", index];
    const holder = `users[${index}]`;
    if (user.name !== undefined && SYSTEM_USERS.has(user.name)) {
      report({
        path: [...path, "name"],
        message: `"${user.name}" is an account of the system`,
        hint: "Choose another name.",
      });
    } else if (user.name !== undefined && SYSTEM_GROUPS.has(user.name)) {
      report({
        path: [...path, "name"],
        message: `"${user.name}" is a group of the system, so no account of that name can have its own group`,
        hint: "Choose another name.",
      });
    }
    claim(names, user.name, holder, [...path, "name"], "user name", report);
    claim(uids, user.uid, holder, [...path, "uid"], "uid", report);
    checkId(user.uid, [...path, "uid"], report);
    checkId(user.gid, [...path, "gid"], report);
    // A gid of a declared group makes that the primary group, and may be shared.
    if (user.gid !== undefined && !groupIds.has(user.gid)) {
      claim(gids, user.gid, holder, [...path, "gid"], "gid", report);
    }
    checkUserGroups(user, path, declared, report);
    checkSudo(user, path, report);
  }
}

/**
 * The operator: named, or the only user with sudo "nopasswd"; exists; has a key and sudo without a password.
 * Returns the user, and its index, where it is known.
 */
export function checkOperator(
  draft: Draft<StackInput>,
  isComplete: boolean,
  report: ReportProblem,
): { readonly index: number; readonly user: Draft<UserInput> } | undefined {
  const users = presentItems<Draft<UserInput>>(draft.users);
  let found: readonly [number, Draft<UserInput>] | undefined;
  if (draft.operator === undefined) {
    const able = users.filter(([, user]) => user.sudo === "nopasswd");
    if (able.length !== 1) {
      if (isComplete) {
        report({
          path: ["operator"],
          message:
            able.length === 0
              ? 'is missing, and no user has sudo "nopasswd"'
              : `is missing, and several users have sudo "nopasswd": ${able.map(([, user]) => user.name).join(", ")}`,
          hint: 'Set `operator` to the user whom the controller logs in as; it needs a key and sudo: "nopasswd".',
        });
      }
      return undefined;
    }
    found = able[0];
  } else {
    found = users.find(([, user]) => user.name === draft.operator);
    if (found === undefined) {
      if (isComplete) {
        report({
          path: ["operator"],
          message: `"${draft.operator}" is none of the users`,
          hint: suggestWord(
            draft.operator,
            users.flatMap(([, user]) => user.name ?? []),
            "users",
          ),
        });
      }
      return undefined;
    }
  }
  if (found === undefined) return undefined;
  const [index, user] = found;
  if (user.sudo !== "nopasswd") {
    report({
      path: ["users", index, "sudo"],
      message: `must be "nopasswd" for the operator${user.name === undefined ? "" : ` ${user.name}`}`,
      hint: "The controller works as this user and cannot type a password.",
    });
  }
  return { index, user };
}
