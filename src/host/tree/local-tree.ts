import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, matchesGlob, relative, sep } from "node:path";
import pLimit from "p-limit";
import type { Tree } from "../../configurators/contract.ts";
import { InternalError, type ProblemRecord, UserError } from "../../errors/error.ts";
import { unwantedName, VERSION_CONTROL } from "./unwanted-names.ts";

/** One file of a tree. */
export interface TreeEntry {
  /** Relative to the tree, with "/". */
  readonly path: string;
  readonly sha256: string;
  /** Four octal digits: "0644". */
  readonly mode: string;
  /** Bytes. */
  readonly size: number;
  /**
   * The content, the very one that `sha256` is of.
   *
   * @throws UserError TREE_UNUSABLE where the file has changed since the tree was read.
   */
  read(): Promise<Uint8Array>;
}

/** A tree as it lies on the operator's computer, sorted by path; folders are there as far as files are in them. */
export interface LocalTree {
  readonly entries: readonly TreeEntry[];
  /** SHA-256 over paths, modes and contents: two trees with the same hash are the same. */
  readonly hash: string;
}

/** What one tree may hold. More is nearly always a folder that was named by mistake. */
const MOST_FILES = 20_000;
const MOST_BYTES = 512 * 1024 * 1024;
/** Files read at once. */
const READERS = 16;

interface FoundFile {
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
  readonly isExecutable: boolean;
}

/**
 * Reads a tree: the folder, with the rendered files laid over it.
 *
 * @throws UserError TREE_UNUSABLE that names everything in the folder that cannot, or should not, go to a host; or the
 *   limit that the folder is beyond.
 */
export async function readLocalTree(tree: Tree): Promise<LocalTree> {
  const rendered = new Map(
    (tree.files ?? []).map((file) => [checkedPath(file.path), file] as const),
  );
  const found = tree.local === undefined ? [] : await new FolderWalk(tree, tree.local).walk();
  const limit = pLimit(READERS);
  const problems: ProblemRecord[] = [];
  const entries: TreeEntry[] = [...rendered].map(([path, { content, mode }]) =>
    renderedEntry(path, content, mode ?? patternMode(path, tree.modes) ?? "0644"),
  );
  await Promise.all(
    found
      .filter(({ path }) => !rendered.has(path))
      .map((file) =>
        limit(async () => {
          try {
            entries.push(await folderEntry(file, tree));
          } catch (error) {
            problems.push(unreadable(file.path, error));
          }
        }),
      ),
  );
  refuse(tree, problems);
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash("sha256");
  for (const { path, mode, sha256 } of entries) hash.update(`${sha256} ${mode} ${path}\n`);
  return { entries, hash: hash.digest("hex") };
}

function checkedPath(path: string): string {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || /\p{Cc}/u.test(part))) {
    throw new InternalError(`A rendered file has no usable path: ${JSON.stringify(path)}`);
  }
  return path;
}

function renderedEntry(path: string, content: string, mode: string): TreeEntry {
  const bytes = Buffer.from(content);
  return {
    path,
    sha256: sha256Of(bytes),
    mode: mode.padStart(4, "0"),
    size: bytes.length,
    read: () => Promise.resolve(bytes),
  };
}

async function folderEntry(file: FoundFile, tree: Tree): Promise<TreeEntry> {
  const bytes = await readFile(file.absolute);
  const sha256 = sha256Of(bytes);
  return {
    path: file.path,
    sha256,
    mode: (patternMode(file.path, tree.modes) ?? (file.isExecutable ? "0755" : "0644")).padStart(
      4,
      "0",
    ),
    size: bytes.length,
    // Not kept in memory: a tree may be large, and most of it is on the host already.
    read: async () => {
      const now = await readFile(file.absolute).catch((error: unknown) => error);
      if (now instanceof Uint8Array && sha256Of(now) === sha256) return now;
      throw treeUnusable(tree, [
        { path: file.path, message: "it was changed while the tree was being brought to a host" },
      ]);
    },
  };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The mode of the last pattern that fits. A leading dot hides nothing from a pattern: what guards secrets must not miss
 * ".vault.yml".
 */
function patternMode(path: string, modes: Tree["modes"] = {}): string | undefined {
  const undotted = path.replaceAll(/(^|\/)\.+(?=[^/])/g, "$1");
  return Object.entries(modes).findLast(
    ([pattern]) => matchesGlob(path, pattern) || matchesGlob(undotted, pattern),
  )?.[1];
}

/** Finds every file of a folder. Links are followed as long as they stay in it. */
class FolderWalk {
  readonly #tree: Tree;
  readonly #root: string;
  readonly #problems: ProblemRecord[] = [];
  readonly #files: FoundFile[] = [];
  #bytes = 0;

  constructor(tree: Tree, root: string) {
    this.#tree = tree;
    this.#root = root;
  }

  async walk(): Promise<readonly FoundFile[]> {
    let root: string;
    try {
      root = await realpath(this.#root);
      await readdir(root);
    } catch (error) {
      throw new UserError("TREE_UNUSABLE", `${this.#root} cannot be read: ${reasonOf(error)}`, {
        hint: `Make the folder of the ${this.#tree.name}, or name another one in the config.`,
      });
    }
    await this.#folder(root, "", [root]);
    refuse(this.#tree, this.#problems);
    return this.#files;
  }

  /** @param above the real paths of this folder and those above it: a link to one of them would never end */
  async #folder(folder: string, prefix: string, above: readonly string[]): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (VERSION_CONTROL.has(entry.name)) continue;
      const path = `${prefix}${entry.name}`;
      try {
        await this.#one(entry, join(folder, entry.name), path, above);
      } catch (error) {
        if (error instanceof UserError) throw error;
        this.#problems.push(unreadable(path, error));
      }
    }
  }

  async #one(
    entry: Dirent,
    absolute: string,
    path: string,
    above: readonly string[],
  ): Promise<void> {
    const unwanted = unwantedName(entry.name);
    if (unwanted !== undefined) {
      // Shown without what would move the cursor.
      this.#refuse(path.replaceAll(/\p{Cc}/gu, "?"), unwanted);
      return;
    }
    // The folder's own path is real already: only links need to be looked through.
    const real = entry.isSymbolicLink() ? await realpath(absolute) : absolute;
    const [root = ""] = above;
    if (relative(root, real).split(sep)[0] === "..") {
      this.#refuse(path, `a link that leads out of the tree, to ${real}`);
      return;
    }
    const found = await stat(real);
    if (found.isDirectory()) {
      if (above.includes(real)) this.#refuse(path, "a link to a folder that it is in");
      else await this.#folder(real, `${path}/`, [...above, real]);
    } else if (found.isFile()) {
      this.#take({
        path,
        absolute: real,
        size: found.size,
        isExecutable: (found.mode & 0o100) !== 0,
      });
    } else {
      this.#refuse(path, "neither a file nor a folder");
    }
  }

  #take(file: FoundFile): void {
    this.#files.push(file);
    this.#bytes += file.size;
    const beyond =
      this.#files.length > MOST_FILES
        ? `more than ${MOST_FILES} files`
        : this.#bytes > MOST_BYTES
          ? `more than ${MOST_BYTES / 1024 / 1024} MiB`
          : undefined;
    if (beyond === undefined) return;
    throw new UserError(
      "TREE_UNUSABLE",
      `The folder of the ${this.#tree.name}, ${this.#root}, holds ${beyond}, which is the limit.`,
      { hint: "Is it the folder that you mean? Large files belong to a package or a file server." },
    );
  }

  #refuse(path: string, message: string): void {
    this.#problems.push({ path, message });
  }
}

function unreadable(path: string, error: unknown): ProblemRecord {
  return { path, message: `it cannot be read: ${reasonOf(error)}` };
}

/** Node's words begin with the code and end with the call: "ENOENT: no such file or directory, open '…'". */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "EACCES") return "you may not";
  return message;
}

function refuse(tree: Tree, problems: readonly ProblemRecord[]): void {
  if (problems.length > 0) throw treeUnusable(tree, problems);
}

function treeUnusable(tree: Tree, problems: readonly ProblemRecord[]): UserError {
  const sorted = problems.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const count = problems.length === 1 ? "1 entry" : `${problems.length} entries`;
  return new UserError(
    "TREE_UNUSABLE",
    `The ${tree.name} (${tree.local ?? tree.remote}) cannot be brought to a host: ${count} of the folder must not be there.`,
    { problems: sorted },
  );
}
