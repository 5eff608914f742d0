import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import { parse } from "yaml";

import type { ConfiguratorProblem } from "../contract.ts";
import type { PuppetSettings } from "./options.ts";

const TREE = ["tree"] as const;

/**
 * Looks at the user's environment before a server is touched: what Puppet Server would only say at the first run.
 *
 * @param directory the config's folder, absolute
 */
export async function checkTree(
  { tree }: PuppetSettings,
  directory: string,
): Promise<readonly ConfiguratorProblem[]> {
  if (tree === undefined) return [];
  const root = resolve(directory, tree);
  if (!(await isFolder(root))) {
    return [
      {
        path: TREE,
        message: `the folder ${tree} is not there`,
        hint: "`bootmachine init --configurator puppet` makes one to begin with.",
      },
    ];
  }
  return [
    ...(await missingManifests(root, tree)),
    ...(await missingModules(root, tree)),
    ...(await unusableHiera(root, tree)),
  ];
}

async function missingManifests(
  root: string,
  tree: string,
): Promise<readonly ConfiguratorProblem[]> {
  const [conf, manifests] = await Promise.all([
    text(join(root, "environment.conf")),
    isFolder(join(root, "manifests")),
  ]);
  if (manifests || /^\s*manifest\s*=/m.test(conf ?? "")) return [];
  return [
    {
      path: TREE,
      message: `${tree} has no manifests, so no server would be given anything`,
      hint: "Write manifests/site.pp, or name another place in environment.conf (`manifest = …`).",
    },
  ];
}

/**
 * r10k fetches what a Puppetfile names; here the modules come with the tree. They lie in `modules`, or where `moduledir` and
 * `install_path` put them; those of one's own, which it may name too (`local: true`), in a folder of the modulepath.
 */
async function missingModules(root: string, tree: string): Promise<readonly ConfiguratorProblem[]> {
  const puppetfile = await text(join(root, "Puppetfile"));
  if (puppetfile === undefined) return [];
  const [, moduledir = "modules"] =
    /^\s*moduledir\s*\(?\s*['"]([^'"]+)['"]/m.exec(puppetfile) ?? [];
  const places = [
    moduledir,
    ...[...puppetfile.matchAll(/install_path['"]?\s*(?::|=>)\s*['"]([^'"]*)['"]/g)].map(
      (match) => match[1] ?? "",
    ),
    ...modulepathOf((await text(join(root, "environment.conf"))) ?? ""),
  ];
  const present = new Set(
    (
      await Promise.all(places.map((place) => readdir(resolve(root, place)).catch(() => [])))
    ).flat(),
  );
  const missing = [...puppetfile.matchAll(/^\s*mod\s*\(?\s*['"](?:[^'"]*[/-])?([^'"/-]+)['"]/gm)]
    .map((match) => match[1] ?? "")
    .filter((name) => !present.has(name));
  if (missing.length === 0) return [];
  return [
    {
      path: TREE,
      message: `the Puppetfile of ${tree} names modules that are not in its folder ${moduledir}: ${missing.join(", ")}`,
      hint: "Fetch them first, such as with `r10k puppetfile install`: servers get what is in the folder.",
    },
  ];
}

/** The folders of the environment's own: `modulepath = site:modules:$basemodulepath`. */
function modulepathOf(conf: string): readonly string[] {
  const [, value = ""] = /^\s*modulepath\s*=\s*(.*)$/m.exec(conf) ?? [];
  return value
    .split(":")
    .map((place) => place.trim())
    .filter((place) => place !== "" && !place.includes("$"));
}

async function unusableHiera(root: string, tree: string): Promise<readonly ConfiguratorProblem[]> {
  const hiera = await text(join(root, "hiera.yaml"));
  if (hiera === undefined) return [];
  const problem = (message: string): readonly ConfiguratorProblem[] => [
    { path: TREE, message: `${tree}/hiera.yaml ${message}` },
  ];
  try {
    const content: unknown = parse(hiera);
    const version = (content as { readonly version?: unknown } | null)?.version;
    return version === 5 ? [] : problem("is not of version 5, the only one for an environment");
  } catch (error) {
    return problem(`is no YAML: ${(error as Error).message.split("\n")[0] ?? ""}`);
  }
}

async function text(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
