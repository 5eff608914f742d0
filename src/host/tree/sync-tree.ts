import { createHash, randomBytes } from "node:crypto";
import type { Tree } from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import type { RunResult } from "../../transport/contract.ts";
import type { Host } from "../host.ts";
import type { LocalTree, TreeEntry } from "./local-tree.ts";
import { lookScript, takeScript } from "./sync-scripts.ts";
import { type ArchivedFile, gzippedTar } from "./tar-archive.ts";

export interface SyncTreeOptions {
  readonly signal: AbortSignal;
  /** Limit for each of the two round trips, ms. */
  readonly timeoutMs: number;
  /** Told to people as it happens. */
  readonly onStep?: (text: string) => void;
}

export interface TreeChanges {
  /** Paths in the tree that are new, or have another content or mode. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** How much of a script's last words goes into an error. */
const LAST_LINES = 20;

/**
 * Brings a tree to a host: afterwards `tree.remote` is a link to a folder that holds exactly these files.
 *
 * One round trip where nothing has changed; otherwise what is new goes in one archive, is put together with what stays in
 * a folder beside the present one, is proved by its sums, and takes its place in one instant. Cut off anywhere, the
 * present revision stays in force. What somebody changed on the host by hand is put back. The host needs GNU coreutils,
 * find, tar and gzip, as every Linux distro has them.
 *
 * @throws RemoteError COMMAND_FAILED with the host's words, such as a full disk; UserError TREE_UNUSABLE where a file was
 *   changed meanwhile; whatever `Host.run` throws
 */
export async function syncTree(
  host: Host,
  tree: Tree,
  local: LocalTree,
  options: SyncTreeOptions,
): Promise<TreeChanges> {
  const ownership = ownershipOf(tree);
  const revision = revisionOf(tree, local);
  const present = await look(host, tree, revision, options);
  if (present === "same") return { changed: [], removed: [] };

  const differs = local.entries.filter(({ path, sha256, mode }) => {
    const found = present.files.get(path);
    return found?.sha256 !== sha256 || found.mode !== mode;
  });
  const wanted = new Set(local.entries.map(({ path }) => path));
  const removed = [...present.files.keys()].filter((path) => !wanted.has(path)).toSorted();
  options.onStep?.(`sending ${differs.length} of ${local.entries.length} files`);
  const archive = await gzippedTar(archivedFiles(local.entries, differs));
  const result = await host.run(
    takeScript({
      remote: tree.remote,
      present: present.name,
      revision,
      nonce: randomBytes(3).toString("hex"),
      count: local.entries.length,
      ownership,
    }),
    { stdin: archive, timeoutMs: options.timeoutMs, signal: options.signal },
  );
  if (result.status !== 0) throw failed(host, tree, result);
  const aside = /^aside (.*)$/m.exec(result.stdout)?.[1];
  if (aside !== undefined) {
    options.onStep?.(`${tree.remote} was there before bootmachine: it was moved to ${aside}`);
  }
  return { changed: differs.map(({ path }) => path), removed };
}

function ownershipOf({ owner, group }: Tree): string {
  // With nothing after the colon chown takes the owner's login group.
  return `${owner ?? "root"}:${group ?? ""}`;
}

/** Two trees of the same revision are the same on a host. */
export function revisionOf(tree: Tree, local: LocalTree): string {
  return createHash("sha256")
    .update(`${local.hash} ${ownershipOf(tree)}`)
    .digest("hex")
    .slice(0, 12);
}

interface PresentTree {
  /** Of the revision; "" where there is none of ours. */
  readonly name: string;
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly mode: string }>;
}

async function look(
  host: Host,
  tree: Tree,
  revision: string,
  options: SyncTreeOptions,
): Promise<PresentTree | "same"> {
  const chunks: Uint8Array[] = [];
  const result = await host.run(lookScript(tree.remote, revision), {
    // As bytes: the list may be long, and is no text for people.
    onBytes: (bytes) => chunks.push(bytes),
    timeoutMs: options.timeoutMs,
    signal: options.signal,
  });
  if (result.status !== 0) throw failed(host, tree, result);
  const text = Buffer.concat(chunks).toString();
  const [name = ""] = text.split("\n", 1);
  if (name === "same") return "same";
  const records = text.slice(name.length + 1).split("\0");
  const middle = records.indexOf("");
  const modes = new Map(records.slice(middle + 1).map(readRecord));
  const files = records
    .slice(0, Math.max(middle, 0))
    .map(readRecord)
    .map(
      ([path, sha256]) =>
        [path, { sha256, mode: modes.get(path)?.padStart(4, "0") ?? "" }] as const,
    );
  return { name, files: new Map(files) };
}

/** "VALUE  ./PATH", as sha256sum writes it. */
function readRecord(record: string): readonly [path: string, value: string] {
  const [value = ""] = record.split(" ", 1);
  return [record.slice(value.length + "  ./".length), value];
}

async function* archivedFiles(
  all: readonly TreeEntry[],
  differing: readonly TreeEntry[],
): AsyncGenerator<ArchivedFile> {
  const isSent = new Set(differing.map(({ path }) => path));
  const kept = all.filter(({ path }) => !isSent.has(path)).map(({ path }) => `./${path}\0`);
  yield { path: "keep", mode: "0600", content: Buffer.from(kept.join("")) };
  yield { path: "sums", mode: "0600", content: Buffer.from(all.map(sumLine).join("")) };
  for (const entry of differing) {
    yield { path: `tree/${entry.path}`, mode: entry.mode, content: await entry.read() };
  }
}

/** A line for sha256sum -c, which wants backslashes doubled and says so at the line's beginning. */
function sumLine({ path, sha256 }: TreeEntry): string {
  return path.includes("\\")
    ? `\\${sha256}  ./${path.replaceAll("\\", "\\\\")}\n`
    : `${sha256}  ./${path}\n`;
}

function failed(host: Host, tree: Tree, result: RunResult): RemoteError {
  const lines = `${result.stdout}\n${result.stderr}`
    .split("\n")
    .filter((line) => line.trim() !== "");
  return new RemoteError(
    "COMMAND_FAILED",
    `The ${tree.name} cannot be brought to ${tree.remote} on ${host.server}: ${lines.at(-1) ?? "no reason was given"}`,
    {
      server: host.server,
      exitStatus: result.status,
      output: lines.slice(-LAST_LINES),
      hint: "What was there before is still in force. Mend the cause and run the command again.",
    },
  );
}
