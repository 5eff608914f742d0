import { UserError } from "../../errors/error.ts";
import { quote } from "../../program/quote.ts";
import type { Resource } from "../../program/resource.ts";
import { restartIfRunning } from "./install-resources.ts";
import { digestOf, forKeysWith } from "./key-list.ts";
import { DATA_FILE, DATA_HOSTS, KEY_FOLDERS, MASTER_UNIT } from "./paths.ts";

/** Where keys lie that open nothing. */
const OPENS_NOTHING = [KEY_FOLDERS.waiting, KEY_FOLDERS.rejected, KEY_FOLDERS.denied] as const;

/**
 * What ends the session of a minion whose key was taken away: the session key that it still has is worth nothing after the
 * restart, and all others get a new one by themselves. Once a program, however many keys went.
 */
export const END_SESSIONS = restartIfRunning(MASTER_UNIT);

/** Shell text that takes all keys of a name away. Not `salt-key --delete`, which takes its argument as a pattern. */
export function forgetKeys(id: string): string {
  return `rm -f ${Object.values(KEY_FOLDERS).map(fileOf(id)).join(" ")}`;
}

function fileOf(id: string): (folder: string) => string {
  return (folder) => quote(`${folder}/${id}`);
}

/** @throws UserError USAGE for a name that no minion can have: Salt takes no id with a slash in it, and here it would lead elsewhere. */
export function revokeResources(id: string): readonly Resource[] {
  if (/[/\0]/.test(id) || id === "" || id === "." || id === "..") {
    throw new UserError("USAGE", `${JSON.stringify(id)} is no name of a minion.`);
  }
  const accepted = fileOf(id)(KEY_FOLDERS.accepted);
  const others = OPENS_NOTHING.map(fileOf(id));
  return [
    {
      type: "command",
      id: `the master accepts no key of ${id}`,
      check: `[ ! -e ${accepted} ]`,
      run: `rm -f ${accepted}`,
      triggers: [END_SESSIONS],
    },
    {
      type: "command",
      id: `the master keeps no key of ${id}`,
      check: others.map((file) => `[ ! -e ${file} ]`).join(" && "),
      run: `rm -f ${others.join(" ")}`,
    },
    { type: "file", path: `${DATA_HOSTS}/${id}/${DATA_FILE}`, state: "absent" },
    { type: "directory", path: `${DATA_HOSTS}/${id}`, state: "absent" },
  ];
}

/**
 * Takes a key away, under whatever name. One that is accepted as a member's stays: a stranger may show a member's public key as
 * his own, and would take the member along.
 *
 * @throws UserError USAGE for what is no fingerprint
 */
export function revokeKeyResources(
  fingerprint: string,
  members: readonly string[],
): readonly Resource[] {
  const digest = digestOf(fingerprint);
  if (digest === undefined) {
    throw new UserError("USAGE", `${JSON.stringify(fingerprint)} is no fingerprint of a key.`, {
      hint: "`bootmachine configurator agents` shows them: 32 pairs of hexadecimal digits with colons in between.",
    });
  }
  const accepted = [KEY_FOLDERS.accepted];
  return [
    {
      type: "command",
      id: `the master accepts the key ${fingerprint} of no stranger`,
      check: forKeysWith(digest, accepted, members, "exit 1"),
      run: forKeysWith(digest, accepted, members, `rm -f "$file"`),
      triggers: [END_SESSIONS],
    },
    {
      type: "command",
      id: `the master keeps no key ${fingerprint} that it does not accept`,
      check: forKeysWith(digest, OPENS_NOTHING, [], "exit 1"),
      run: forKeysWith(digest, OPENS_NOTHING, [], `rm -f "$file"`),
    },
  ];
}
