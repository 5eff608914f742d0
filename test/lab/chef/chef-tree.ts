import { cp, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { SuiteTree } from "../../../src/testing/configurator-world.ts";

const STARTER_KIT = resolve(import.meta.dirname, "../../../src/configurators/chef/starter-kit");

/** Puts the starter kit, as users get it, into the config's folder as `chef`. */
export async function writeStarterKit(directory: string): Promise<void> {
  await cp(STARTER_KIT, join(directory, "chef"), { recursive: true });
}

/** Writes a recipe of the cookbook `site`. */
export async function writeRecipe(directory: string, name: string, text: string): Promise<void> {
  const folder = join(directory, "chef/cookbooks/site/recipes");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.rb`), text);
}

/** What the suite of configurators wants of a tree. */
export const SUITE_TREE: SuiteTree = {
  write: (directory, path, text, program) =>
    writeRecipe(
      directory,
      "default",
      `file '${path}' do
  content "${text}\\n"
end
${program === undefined ? "" : `execute '${program}'\n`}`,
    ),
  async break(directory) {
    await writeRecipe(directory, "default", "file '/nowhere/at/all' do\n  content 'x'\nend\n");
    return /Parent directory \/nowhere\/at does not exist/;
  },
};
