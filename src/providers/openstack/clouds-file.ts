import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { parse } from "yaml";

import { UserError } from "../../errors/error.ts";
import type { Environment } from "../../stack/environment.ts";

/** `clouds.yaml` with `secure.yaml` merged into it, as far as it was found. */
export interface CloudsFile {
  readonly path: string;
  readonly clouds: Readonly<Record<string, unknown>>;
}

export interface FileSearch {
  readonly env: Environment;
  /** The working directory, absolute. */
  readonly cwd: string;
}

/**
 * Finds `clouds.yaml` where the OpenStack tools do: `OS_CLIENT_CONFIG_FILE`, the working directory, the user's
 * `openstack` configuration directory, `/etc/openstack`; the first one counts. `secure.yaml` is looked for in
 * the same places (`OS_CLIENT_SECURE_FILE`), and what stands in it goes over the other.
 *
 * Order after openstacksdk, `openstack/config/loader.py`.
 *
 * @throws UserError CONFIG_UNREADABLE for a file that is named and missing, or is no YAML.
 */
export async function readCloudsFile(search: FileSearch): Promise<CloudsFile | undefined> {
  const file = await readFirst("clouds", search, search.env["OS_CLIENT_CONFIG_FILE"]);
  if (file === undefined) return undefined;
  const secure = await readFirst("secure", search, search.env["OS_CLIENT_SECURE_FILE"]);
  const clouds = asRecord(asRecord(file.content)["clouds"]);
  return {
    path: file.path,
    clouds: asRecord(merge(clouds, asRecord(secure?.content)["clouds"])),
  };
}

/** Paths in a clouds.yaml are counted from the working directory by the other tools; `~` is the home directory. */
export function userFile(path: string, { env, cwd }: FileSearch): string {
  if (path.startsWith("~/")) return join(env["HOME"] ?? "/", path.slice(2));
  return resolve(cwd, path);
}

async function readFirst(
  name: string,
  search: FileSearch,
  named: string | undefined,
): Promise<{ readonly path: string; readonly content: unknown } | undefined> {
  if (named !== undefined && named !== "") {
    const path = userFile(named, search);
    const content = await readYaml(path);
    if (content !== undefined) return { path, content };
    throw new UserError("CONFIG_UNREADABLE", `There is no file ${path}.`, {
      hint: "OS_CLIENT_CONFIG_FILE or OS_CLIENT_SECURE_FILE names it.",
    });
  }
  const { env, cwd } = search;
  const home = env["XDG_CONFIG_HOME"] ?? join(env["HOME"] ?? "/", ".config");
  for (const directory of [cwd, join(home, "openstack"), "/etc/openstack"]) {
    for (const ending of ["yaml", "yml", "json"]) {
      const path = join(directory, `${name}.${ending}`);
      const content = await readYaml(path);
      if (content !== undefined) return { path, content };
    }
  }
  return undefined;
}

/** Undefined where there is no such file. */
async function readYaml(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new UserError("CONFIG_UNREADABLE", `${path} cannot be read: ${code ?? "unknown"}.`, {
      cause: thrown,
      hint: `Check its permissions and those of ${dirname(path)}.`,
    });
  }
  try {
    return (parse(text) as unknown) ?? {};
  } catch (thrown) {
    // The parser's message quotes the line, and the line may hold the password.
    const place = (thrown as { readonly linePos?: readonly { readonly line: number }[] }).linePos;
    const line = place?.[0]?.line;
    throw new UserError(
      "CONFIG_UNREADABLE",
      `${path} is no YAML${line === undefined ? "" : `: line ${line}`}.`,
    );
  }
}

type Section = Readonly<Record<string, unknown>>;

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asRecord(value: unknown): Section {
  return isSection(value) ? value : {};
}

/** Objects are merged at every depth; of anything else the second counts. */
function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isSection(under) || !isSection(over)) return over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(under[key], over[key])]));
}
