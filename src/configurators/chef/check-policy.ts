import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { quote } from "../../program/quote.ts";
import type { ConfiguratorProblem } from "../contract.ts";
import type { ChefSettings } from "./options.ts";

/** What `chef export --archive` writes: NAME-REVISION.tgz. */
const ARCHIVE = /\.(tgz|tar\.gz|tar)$/;
/** What `chef install` reads and writes. Its cookbooks lie in folders of the user's, and in a cache of Chef's own. */
const LOCK = /^Policyfile(\.lock\.json|\.rb)$/;

/** What `chef export` writes, as far as it is looked at. */
const groupSchema = z.object({
  policies: z.record(z.string(), z.object({ revision_id: z.string() })),
});
const policySchema = z.object({
  cookbook_locks: z.record(z.string(), z.object({ identifier: z.string() })),
});

/**
 * Why a file cannot be the tree, and how to make a folder of it.
 *
 * @param shown the path as the user has written it
 */
export function notAFolder(shown: string): ConfiguratorProblem {
  const path = ["tree"];
  if (ARCHIVE.test(shown)) {
    const folder = shown.replace(ARCHIVE, "");
    return {
      path,
      message: `${shown} is an archive, and the tree is a folder`,
      hint: `Unpack it: ${unpack(shown, folder)}; then write \`tree: ${folder}\`.`,
    };
  }
  if (LOCK.test(shown.split("/").at(-1) ?? "")) {
    return {
      path,
      message: `${shown} only names the cookbooks of a policy, and the tree is a folder that holds them`,
      hint: `${EXPORT} writes such a folder; name it in \`tree\`, and the policy in \`policy\`.`,
    };
  }
  return { path, message: `${shown} is no folder` };
}

const EXPORT = "`chef export FOLDER`, after `chef install`,";

function unpack(archive: string, folder: string): string {
  return `\`mkdir -p ${quote(folder)} && tar -xf ${quote(archive)} -C ${quote(folder)}\``;
}

/**
 * Holds the policy that is named against what `chef export` has written.
 *
 * @param tree absolute
 * @param shown the same as the user has written it
 */
export async function missingPolicy(
  policy: NonNullable<ChefSettings["policy"]>,
  tree: string,
  shown: string,
): Promise<readonly ConfiguratorProblem[]> {
  const groups = await groupsOf(tree);
  const wrong = (
    message: string,
    hint = `${EXPORT} writes the folder.`,
  ): readonly ConfiguratorProblem[] => [{ path: ["policy"], message, hint }];
  if (groups.length === 0) return [await notExported(tree, shown)];
  const group = await readJson(join(tree, "policy_groups", `${policy.group}.json`), groupSchema);
  if (group === undefined) {
    return wrong(
      groups.includes(policy.group)
        ? `policy_groups/${policy.group}.json of ${shown} is not what \`chef export\` writes`
        : `${shown} has no policy group "${policy.group}"; it has ${groups.join(", ")}`,
    );
  }
  const revision = group.policies[policy.name]?.revision_id;
  if (revision === undefined) {
    const known = Object.keys(group.policies).join(", ");
    return wrong(
      `the group "${policy.group}" of ${shown} has no policy "${policy.name}"; it has ${known || "none"}`,
    );
  }
  const file = `policies/${policy.name}-${revision}.json`;
  const exported = await readJson(join(tree, file), policySchema);
  if (exported === undefined) return wrong(`${shown} has no ${file}`);
  const artifacts = await namesIn(join(tree, "cookbook_artifacts"));
  return Object.entries(exported.cookbook_locks)
    .map(([cookbook, { identifier }]) => `${cookbook}-${identifier}`)
    .filter((name) => !artifacts.includes(name))
    .flatMap((name) => wrong(`${shown} has no cookbook_artifacts/${name}`));
}

/** A folder without policy groups: perhaps it holds what an export is made of, or comes out as. */
async function notExported(tree: string, shown: string): Promise<ConfiguratorProblem> {
  const names = await namesIn(tree);
  const archive = names.find((name) => ARCHIVE.test(name));
  if (archive !== undefined) {
    return {
      path: ["policy"],
      message: `${shown} holds the archive ${archive}, and no unpacked policy`,
      hint: `Unpack it: ${unpack(join(shown, archive), shown)}.`,
    };
  }
  const lock = names.find((name) => LOCK.test(name));
  if (lock !== undefined) {
    return {
      path: ["policy"],
      message: `${shown} holds ${lock}, whose policy is not exported yet`,
      hint: `${EXPORT} writes a folder with the policy and its cookbooks: name that one in \`tree\`.`,
    };
  }
  return {
    path: ["policy"],
    message: `${shown} has no policy_groups, so no policy was exported to it`,
    hint: `${EXPORT} writes the folder.`,
  };
}

/**
 * What is wrong where no policy is named and the tree holds nothing else: its run list would be looked for among cookbooks that lie
 * elsewhere.
 *
 * @param tree absolute
 */
export async function unnamedPolicy(
  tree: string,
  shown: string,
): Promise<ConfiguratorProblem | undefined> {
  const names = await namesIn(tree);
  if (names.includes("cookbooks")) return undefined;
  const [group] = await groupsOf(tree);
  if (group !== undefined) {
    const known = await readJson(join(tree, "policy_groups", `${group}.json`), groupSchema);
    const name = Object.keys(known?.policies ?? {})[0] ?? "NAME";
    return {
      path: ["policy"],
      message: `${shown} is an exported policy, and \`policy\` does not name it`,
      hint: `Write \`policy: { name: ${name}${group === "local" ? "" : `, group: ${group}`} }\`.`,
    };
  }
  const isPolicy = names.some((name) => LOCK.test(name) || ARCHIVE.test(name));
  return isPolicy ? notExported(tree, shown) : undefined;
}

async function groupsOf(tree: string): Promise<readonly string[]> {
  const names = await namesIn(join(tree, "policy_groups"));
  return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.toSorted((a, b) => (a < b ? -1 : 1));
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
