/** `OpenSSH_9.2p1 Debian-2` → [9, 2]; undefined where it cannot be told. */
export function opensshVersion(text: string): readonly [major: number, minor: number] | undefined {
  const match = /OpenSSH_(\d+)\.(\d+)/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/** True where the version is known and at least this. */
export function isOpensshAtLeast(text: string, major: number, minor: number): boolean {
  const version = opensshVersion(text);
  if (version === undefined) return false;
  return version[0] > major || (version[0] === major && version[1] >= minor);
}
