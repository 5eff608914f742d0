import { constants } from "node:fs";
import { access, copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { BUILTINS } from "../builtins.ts";
import type { Configurator } from "../configurators/contract.ts";
import { InternalError, UserError } from "../errors/error.ts";
import type { InitConfigurator } from "./init-configurators.ts";

/** The options that a new config shows: where the kit is, which lies in a folder of the tool's name beside the config. */
const KIT_OPTIONS: Readonly<Record<InitConfigurator, Readonly<Record<string, unknown>>>> = {
  none: {},
  script: { resources: { "*": [{ type: "package", names: ["htop"] }], web: [] } },
  ansible: { tree: "./ansible" },
  salt: { states: "./salt/states", pillars: "./salt/pillars" },
  puppet: { tree: "./puppet" },
  chef: { tree: "./chef" },
};

/** A tool as a new config needs to know it. */
export interface StarterTool {
  readonly name: InitConfigurator;
  readonly options: Readonly<Record<string, unknown>>;
  readonly wantsMaster: boolean;
  readonly minimumMemoryMb: Configurator["minimumMemoryMb"];
  /** Undefined: the tool has no files of the user's. */
  readonly kit: URL | undefined;
}

/** Undefined for "none". */
export async function findStarterTool(name: InitConfigurator): Promise<StarterTool | undefined> {
  if (name === "none") return undefined;
  const factory = await BUILTINS.load("configurator", name);
  if (factory === undefined) throw new InternalError(`${name} is not among the built-in plug-ins`);
  const given = KIT_OPTIONS[name];
  // What the schema makes of the options is what the plug-in's own `create` takes.
  const tool = factory.create((factory.options?.parse(given) ?? given) as never);
  return {
    name,
    options: given,
    wantsMaster: tool.topology === "agent" || tool.topology === "push",
    minimumMemoryMb: tool.minimumMemoryMb,
    kit: tool.starterKit,
  };
}

/**
 * Nothing of the user's is ever overwritten, and half a kit would be worth nothing.
 *
 * @throws UserError FILE_EXISTS where there is something in the kit's place
 */
export async function refuseOwnFolder(directory: string, tool: StarterTool): Promise<void> {
  if (tool.kit === undefined) return;
  const isThere = await access(join(directory, tool.name)).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new UserError(
    "FILE_EXISTS",
    `There is a ${tool.name} here already, and init never overwrites: the starter kit would lie in it.`,
    { hint: "Move it away for a moment, or run init in another directory." },
  );
}

/** Copies the kit into the directory. Answers with its files, relative to the directory, sorted. */
export async function copyStarterKit(
  directory: string,
  tool: StarterTool,
): Promise<readonly string[]> {
  if (tool.kit === undefined) return [];
  const source = fileURLToPath(tool.kit);
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const written: string[] = [];
  await mkdir(join(directory, tool.name));
  for (const entry of entries.toSorted((a, b) => a.parentPath.localeCompare(b.parentPath))) {
    const from = join(entry.parentPath, entry.name);
    const inner = from.slice(source.length).replace(/^\//, "");
    // npm leaves a file of the name .gitignore out of packages.
    const path = join(tool.name, inner.replace(/(^|\/)gitignore$/, "$1.gitignore"));
    if (entry.isDirectory()) await mkdir(join(directory, path), { recursive: true });
    if (!entry.isFile()) continue;
    await mkdir(join(directory, path, ".."), { recursive: true });
    await copyFile(from, join(directory, path), constants.COPYFILE_EXCL);
    written.push(path);
  }
  return written.toSorted();
}
