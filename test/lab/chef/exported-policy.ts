import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Turns the starter kit's tree into what `chef export` writes for a policy: cookbooks by identifier, a revision that locks them, and
 * a group that names the revision.
 */
export async function exportPolicy(
  tree: string,
  policy: { readonly name: string; readonly group: string; readonly revision: string },
  runList: readonly string[],
): Promise<void> {
  const locks: Record<string, { readonly identifier: string; readonly version: string }> = {};
  for (const cookbook of await readdir(join(tree, "cookbooks"))) {
    const identifier = `${policy.revision}${cookbook.length}`;
    locks[cookbook] = { identifier, version: "1.0.0" };
    await cp(
      join(tree, "cookbooks", cookbook),
      join(tree, "cookbook_artifacts", `${cookbook}-${identifier}`),
      { recursive: true },
    );
  }
  await rm(join(tree, "cookbooks"), { recursive: true });
  const write = async (path: string, value: unknown): Promise<void> => {
    await mkdir(join(tree, path, ".."), { recursive: true });
    await writeFile(join(tree, path), JSON.stringify(value));
  };
  await write(`policies/${policy.name}-${policy.revision}.json`, {
    revision_id: policy.revision,
    name: policy.name,
    run_list: runList,
    cookbook_locks: locks,
  });
  await write(`policy_groups/${policy.group}.json`, {
    policies: { [policy.name]: { revision_id: policy.revision } },
  });
}
