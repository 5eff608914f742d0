export const MAIN = "/etc/ssh/sshd_config";
export const DIRECTORY = "/etc/ssh/sshd_config.d";
/** Sorts before `50-cloud-init.conf`: sshd keeps the first value of a keyword. */
export const SSH_DROP_IN = `${DIRECTORY}/00-bootmachine.conf`;

export type Setting = readonly [keyword: string, value: string];

/** Keywords of ours that another file's Match block could override, and that may stand in a Match block themselves. */
export const OVERRIDABLE: ReadonlySet<string> = new Set([
  "allowagentforwarding",
  "allowgroups",
  "allowtcpforwarding",
  "allowusers",
  "authenticationmethods",
  "clientalivecountmax",
  "clientaliveinterval",
  "gatewayports",
  "hostbasedauthentication",
  "kbdinteractiveauthentication",
  "loglevel",
  "maxauthtries",
  "maxsessions",
  "passwordauthentication",
  "permitemptypasswords",
  "permitrootlogin",
  "permittunnel",
  "pubkeyacceptedalgorithms",
  "pubkeyacceptedkeytypes",
  "pubkeyauthentication",
  "x11forwarding",
]);

/** The first state of a file of somebody else, `$bm_file`, is kept before it is changed; ends the script where it cannot be. */
export const KEEP_ORIGINAL = String.raw`mkdir -p -m 0700 /var/lib/bootmachine/originals || exit 1
  bm_copy=/var/lib/bootmachine/originals/$(basename "$bm_file")
  [ -e "$bm_copy" ] || cp -p "$bm_file" "$bm_copy" || exit 1`;
