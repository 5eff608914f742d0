import { readFile, stat } from "node:fs/promises";

import { type Draft, presentItems } from "./draft.ts";
import type { ConfigPath, ReportProblem } from "./problem.ts";
import { holdsPrivateKey, parsePublicKey, type PublicKey } from "./public-key.ts";
import type { StackInput, UserInput } from "./stack-input.ts";
import { describeReadFailure, type PathBase, resolveUserPath } from "./user-path.ts";

const MOST_BYTES = 1_000_000;

/** Is the text meant as a file's path? A key line has a space and no path begins with its type. */
export function looksLikeKeyPath(text: string): boolean {
  return /^(~|\.{0,2}\/)/.test(text) || /^\S+\.pub$/.test(text);
}

/** Every key of a .pub or authorized_keys file; each problem is reported at `path`. */
export async function readKeyFile(
  name: string,
  base: PathBase,
  path: ConfigPath,
  report: ReportProblem,
): Promise<readonly PublicKey[]> {
  const file = resolveUserPath(name, base);
  let text: string;
  try {
    if ((await stat(file)).size > MOST_BYTES) {
      report({ path, message: `${name} is too big for a file of keys` });
      return [];
    }
    text = await readFile(file, "utf8");
  } catch (thrown) {
    report({
      path,
      message: `the key file ${name} ${describeReadFailure(thrown)}`,
      hint: file === name ? "Check the path." : `The path means ${file}.`,
    });
    return [];
  }
  if (holdsPrivateKey(text)) {
    report({
      path,
      message: `${name} is a PRIVATE key`,
      hint: `Name its public half: ${name.endsWith(".pub") ? "the .pub file that ssh-keygen made" : `${name}.pub`}.`,
    });
    return [];
  }
  const keys: PublicKey[] = [];
  let lineNumber = 0;
  for (const line of text.split(/\r?\n/)) {
    lineNumber++;
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const parsed = parsePublicKey(line);
    if (parsed.ok) keys.push(parsed.key);
    else
      report({ path, message: `${name}, line ${lineNumber}: ${parsed.reason}`, hint: parsed.hint });
  }
  if (keys.length === 0 && lineNumber <= 1 && text.trim() === "") {
    report({ path, message: `the key file ${name} is empty` });
  }
  return keys;
}

async function readUserKeys(
  user: Draft<UserInput>,
  path: ConfigPath,
  base: PathBase,
  report: ReportProblem,
): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const [index, entry] of presentItems(user.keys)) {
    const itemPath = [...path, "keys", index];
    const file =
      typeof entry === "string" ? (looksLikeKeyPath(entry) ? entry : undefined) : entry.file;
    if (file !== undefined) {
      keys.push(...(await readKeyFile(file, base, itemPath, report)));
    } else if (typeof entry === "string") {
      const parsed = parsePublicKey(entry);
      if (parsed.ok) keys.push(parsed.key);
      else report({ path: itemPath, message: parsed.reason, hint: parsed.hint });
    }
  }
  return keys;
}

/** The keys of every user, by the user's index. */
export async function readAllKeys(
  draft: Draft<StackInput>,
  base: PathBase,
  report: ReportProblem,
): Promise<ReadonlyMap<number, readonly PublicKey[]>> {
  const all = new Map<number, readonly PublicKey[]>();
  await Promise.all(
    presentItems<Draft<UserInput>>(draft.users).map(async ([index, user]) => {
      all.set(index, await readUserKeys(user, ["users", index], base, report));
    }),
  );
  return all;
}
