import type { Agent } from "../contract.ts";
import { KEY_FOLDERS } from "./paths.ts";

/** What a minion is to us whose key lies in a folder. A denied key claims a name that another key has. */
const STATES: readonly (readonly [folder: string, state: Agent["state"]])[] = [
  [KEY_FOLDERS.accepted, "accepted"],
  [KEY_FOLDERS.waiting, "waiting"],
  [KEY_FOLDERS.rejected, "rejected"],
  [KEY_FOLDERS.denied, "rejected"],
];

/**
 * Shell text: prints the SHA-256 of the key in `$file`. Not by `salt-key --finger-all`, which in 3008 counts a fingerprint in
 * another way than the minion itself (`salt-call key.finger`, `master_finger`): the two could not be compared.
 */
const DIGEST = `sed -e '/^[[:space:]]*$/d' "$file" | sed -e 1d -e '$d' | sha256sum | cut -c1-64`;

/**
 * Shell text: does something for each key in the folders, its file in `$file`. A minion says its name itself, and Salt takes
 * any but one with a slash, a backslash or a NUL in it: it may begin with a dot, and hold blanks, quotes and line breaks.
 */
export function forEachKey(folders: readonly string[], script: string): string {
  const files = folders.map((folder) => `${folder}/* ${folder}/.[!.]* ${folder}/..?*`);
  return `for file in ${files.join(" ")}; do
  [ -f "$file" ] && [ "\${file##*/}" != .key_cache ] || continue
${script.replaceAll(/^(?=.)/gm, "  ")}
done`;
}

/** All keys at the master, one a line: state, SHA-256, and the bytes of the name in hexadecimal, so that no name can be a line. */
export const LIST_KEYS = STATES.map(([folder, state]) =>
  forEachKey(
    [folder],
    `printf '%s %s %s\\n' ${state} "$(${DIGEST})" "$(printf %s "\${file##*/}" | od -An -v -tx1 | tr -d ' \\n')"`,
  ),
).join("\n");

/** Reads what the script prints. */
export function parseKeys(text: string): readonly Agent[] {
  return text.split("\n").flatMap((line) => {
    const [, state = "", digest = "", name = ""] =
      /^(accepted|waiting|rejected) ([0-9a-f]{64}) ((?:[0-9a-f]{2})+)$/.exec(line) ?? [];
    return state === ""
      ? []
      : [
          {
            id: Buffer.from(name, "hex").toString("utf8"),
            state: state as Agent["state"],
            fingerprint: (digest.match(/../g) ?? []).join(":"),
          },
        ];
  });
}

/** The digest in a fingerprint as `parseKeys` gives it; undefined where it is none. */
export function digestOf(fingerprint: string): string | undefined {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i.test(fingerprint)
    ? fingerprint.replaceAll(":", "").toLowerCase()
    : undefined;
}

/** Shell text: `then` for each key in the folders that has the digest, but for those under the names of `spared`. */
export function forKeysWith(
  digest: string,
  folders: readonly string[],
  spared: readonly string[],
  then: string,
): string {
  return forEachKey(
    folders,
    `${spared.length === 0 ? "" : `case \${file##*/} in ${spared.join(" | ")}) continue ;; esac\n`}[ "$(${DIGEST})" != ${digest} ] || ${then}`,
  );
}
