/** cloud-init prints the host keys between these lines. cloudinit/config/cc_ssh.py, tools/write-ssh-key-fingerprints */
const BEGIN = "-----BEGIN SSH HOST KEY KEYS-----";
const END = "-----END SSH HOST KEY KEYS-----";
const KEY =
  /\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})(?=\s|$)/;

/** The host keys of the last whole block in a console log; empty where there is none. */
export function hostKeysIn(log: string): readonly string[] {
  const end = log.lastIndexOf(END);
  const begin = end === -1 ? -1 : log.lastIndexOf(BEGIN, end);
  if (begin === -1) return [];
  return log
    .slice(begin + BEGIN.length, end)
    .split(/\r?\n/)
    .flatMap((line) => {
      const match = KEY.exec(line);
      return match === null ? [] : [`${match[1]} ${match[2]}`];
    });
}
