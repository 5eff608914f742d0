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
 * All keys at the master, one a line: state, SHA-256, id. Not by `salt-key --finger-all`, which in 3008 counts a fingerprint in
 * another way than the minion itself (`salt-call key.finger`, `master_finger`): the two could not be compared.
 */
export const LIST_KEYS = `list() {
  for file in "$1"/*; do
    [ -f "$file" ] || continue
    printf '%s %s %s\\n' "$2" "$(sed -e '/^[[:space:]]*$/d' "$file" | sed -e 1d -e '$d' | sha256sum | cut -c1-64)" "\${file##*/}"
  done
}
${STATES.map(([folder, state]) => `list ${folder} ${state}`).join("\n")}`;

/** Reads what the script prints. */
export function parseKeys(text: string): readonly Agent[] {
  return text.split("\n").flatMap((line) => {
    const [, state = "", digest = "", id = ""] =
      /^(accepted|waiting|rejected) ([0-9a-f]{64}) (.+)$/.exec(line) ?? [];
    return state === ""
      ? []
      : [
          {
            id,
            state: state as Agent["state"],
            fingerprint: (digest.match(/../g) ?? []).join(":"),
          },
        ];
  });
}
