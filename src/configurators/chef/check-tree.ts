import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";

import type { ConfiguratorProblem } from "../contract.ts";
import { missingPolicy, notAFolder, unnamedPolicy } from "./check-policy.ts";
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
  const problems = [
    ...(await missingPackages(settings.packages, ["packages"], directory)),
    ...(await missingPackages(settings.server?.packages ?? {}, ["server", "packages"], directory)),
  ];
  if (settings.tree === undefined) return problems;
  const tree = resolve(directory, settings.tree);
  const found = await stat(tree).catch(() => undefined);
  if (found === undefined) {
    return [
      ...problems,
      {
        path: ["tree"],
        message: `the folder ${settings.tree} is not there`,
        hint: "`bootmachine init --configurator chef` makes one to begin with.",
      },
    ];
  }
  if (!found.isDirectory()) return [...problems, notAFolder(settings.tree)];
  if (settings.policy !== undefined) {
    return [...problems, ...(await missingPolicy(settings.policy, tree, settings.tree))];
  }
  const unnamed = await unnamedPolicy(tree, settings.tree);
  return [...problems, ...(unnamed === undefined ? await missingItems(settings, tree) : [unnamed])];
}

async function missingPackages(
  packages: ChefSettings["packages"],
  path: readonly string[],
  directory: string,
): Promise<readonly ConfiguratorProblem[]> {
  const problems: ConfiguratorProblem[] = [];
  for (const [platform, source] of Object.entries(packages)) {
    if ("file" in source && !(await exists(resolve(directory, source.file)))) {
      problems.push({
        path: [...path, platform, "file"],
        message: `${source.file} cannot be read`,
        hint: "Paths count from the config's folder.",
      });
    }
  }
  return problems;
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
