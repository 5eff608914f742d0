import { cp, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

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
