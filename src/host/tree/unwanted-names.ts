/**
 * Names of files that editors and merge tools leave beside the real one. Tools read whole folders (`*.sls`, `*.pp`,
 * `conf.d/*`), so such a file can change a server; it is named, and never brought along in silence.
 */
const UNWANTED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/~$/, "an editor's backup file"],
  [/^\.#/, "an Emacs lock: somebody has the file open with changes that are not saved"],
  [/^#.*#$/, "an Emacs file of changes that were not saved"],
  // vim counts back from .swp, and tries its names out with .swx.
  [/\.sw[op]$|^\..*\.sw[a-px]$/, "a vim swap file: somebody has the file open"],
  [/\.kate-swp$/, "a Kate swap file: somebody has the file open"],
  [/^4913$/, "a vim test file"],
  [/\.orig$/, "the old side of a merge"],
  [/\.rej$/, "a patch that did not fit"],
  [/^\.DS_Store$/, "a macOS folder setting"],
];

/** Why a file of this name is not brought to a host; undefined where nothing is wrong with it. */
export function unwantedName(name: string): string | undefined {
  // Lists on the host are lists of lines, and nobody means such a name.
  if (/\p{Cc}/u.test(name)) return "a name with control characters";
  if (name.includes("\u{fffd}")) return "a name that is not UTF-8";
  return UNWANTED.find(([pattern]) => pattern.test(name))?.[1];
}

/** Folders of version control, which stay at home. */
export const VERSION_CONTROL: ReadonlySet<string> = new Set([".git", ".hg", ".svn"]);
