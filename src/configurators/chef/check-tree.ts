import { access, readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { z } from "zod";

import type { ConfiguratorProblem } from "../contract.ts";
import type { ChefSettings } from "./options.ts";

/** What names a cookbook, or a role, on disk. */
const COOKBOOK_FILES = ["metadata.rb", "metadata.json"];
const ROLE_SUFFIXES = [".rb", ".json"];

/**
 * Holds the run lists against the user's tree, so that a missing cookbook is told before a server is touched.
 *
 * @param directory the config's folder, absolute
 */
export async function checkTree(
  settings: ChefSettings,
  directory: string,
): Promise<readonly ConfiguratorProblem[]> {
  const problems: ConfiguratorProblem[] = [];
  for (const [platform, source] of Object.entries(settings.packages)) {
    if ("file" in source && !(await exists(resolve(directory, source.file)))) {
      problems.push({
        path: ["packages", platform, "file"],
        message: `${source.file} cannot be read`,
        hint: "Paths count from the config's folder.",
      });
    }
  }
  if (settings.tree === undefined) return problems;
  const tree = resolve(directory, settings.tree);
  if (!(await exists(tree))) {
    return [
      ...problems,
      {
        path: ["tree"],
        message: `the folder ${settings.tree} is not there`,
        hint: "`bootmachine init --configurator chef` makes one to begin with.",
      },
    ];
  }
  const missing =
    settings.policy === undefined
      ? await missingItems(settings, tree)
      : await missingPolicy(settings.policy, tree, settings.tree);
  return [...problems, ...missing];
}

async function missingItems(
  settings: ChefSettings,
  tree: string,
): Promise<readonly ConfiguratorProblem[]> {
  const lists: readonly (readonly [
    path: readonly (string | number)[],
    items: readonly string[],
  ])[] = [
    [["runList"], settings.runList],
    ...Object.entries(settings.roleRunLists).map(
      ([role, items]) => [["roleRunLists", role], items] as const,
    ),
  ];
  const problems: ConfiguratorProblem[] = [];
  for (const [path, items] of lists) {
    for (const [index, item] of items.entries()) {
      const message = await whyMissing(item, tree, settings.tree ?? "");
      if (message !== undefined) {
        problems.push({
          path: [...path, index],
          message,
          hint: "Add it to the tree, or take it out of the run list.",
        });
      }
    }
  }
  return problems;
}

async function whyMissing(item: string, tree: string, shown: string): Promise<string | undefined> {
  const role = /^role\[([^\]]+)\]$/.exec(item)?.[1];
  if (role !== undefined) {
    return (await existsAny(ROLE_SUFFIXES.map((suffix) => `${tree}/roles/${role}${suffix}`)))
      ? undefined
      : `${shown} has no role "${role}" (roles/${role}.rb or .json)`;
  }
  const recipe = (/^recipe\[([^\]@]+)/.exec(item)?.[1] ?? item).split("::");
  const [cookbook = "", name = "default"] = recipe;
  const folder = `${tree}/cookbooks/${cookbook}`;
  if (!(await existsAny(COOKBOOK_FILES.map((file) => `${folder}/${file}`)))) {
    return `${shown} has no cookbook "${cookbook}" (cookbooks/${cookbook}/metadata.rb)`;
  }
  const recipes = [".rb", ".yml", ".yaml", ".json"].map(
    (suffix) => `${folder}/recipes/${name}${suffix}`,
  );
  return (await existsAny([...recipes, `${folder}/recipe.rb`]))
    ? undefined
    : `the cookbook "${cookbook}" has no recipe "${name}" (recipes/${name}.rb)`;
}

async function missingPolicy(
  policy: NonNullable<ChefSettings["policy"]>,
  tree: string,
  shown: string,
): Promise<readonly ConfiguratorProblem[]> {
  const wrong = (message: string): readonly ConfiguratorProblem[] => [
    { path: ["policy"], message, hint: "Write the folder with `chef install` and `chef export`." },
  ];
  const group = await readJson(`${tree}/policy_groups/${policy.group}.json`, groupSchema);
  if (group === undefined) return wrong(`${shown} has no policy_groups/${policy.group}.json`);
  const revision = group.policies[policy.name]?.revision_id;
  if (revision === undefined) {
    const known = Object.keys(group.policies).join(", ");
    return wrong(
      `the group "${policy.group}" of ${shown} has no policy "${policy.name}"; it has ${known || "none"}`,
    );
  }
  const file = `policies/${policy.name}-${revision}.json`;
  const exported = await readJson(`${tree}/${file}`, policySchema);
  if (exported === undefined) return wrong(`${shown} has no ${file}`);
  const problems: ConfiguratorProblem[] = [];
  for (const [cookbook, { identifier }] of Object.entries(exported.cookbook_locks)) {
    const folder = `cookbook_artifacts/${cookbook}-${identifier}`;
    if (!(await exists(`${tree}/${folder}`))) problems.push(...wrong(`${shown} has no ${folder}`));
  }
  return problems;
}

/** What `chef export` writes, as far as it is looked at. */
const groupSchema = z.object({
  policies: z.record(z.string(), z.object({ revision_id: z.string() })),
});
const policySchema = z.object({
  cookbook_locks: z.record(z.string(), z.object({ identifier: z.string() })),
});

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

async function existsAny(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await exists(path)) return true;
  return false;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
