/** What is wrong with a text as one label of a host name (RFC 1123, 63 characters at most); undefined: nothing. */
export function checkHostName(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name.length > 63) return `must have 63 characters at most, and "${name}" has ${name.length}`;
  if (name.includes("."))
    return "must be one word without dots: the part of the host name before the domain";
  if (name.includes("_")) return "must not hold an underscore: host names have hyphens";
  if (/[A-Z]/.test(name))
    return "must be in lower case: host names are compared without regard to case";
  if (!/^[a-z0-9-]+$/.test(name)) return "must hold only lower-case letters, digits and hyphens";
  if (name.startsWith("-") || name.endsWith("-")) return "must not begin or end with a hyphen";
  if (/^\d+$/.test(name)) return "must hold a letter: a number would be taken for an address";
  if (name === "localhost") return 'must not be "localhost": every host calls itself so';
  return undefined;
}

const JUMP_HOP =
  /^(?:(?:ssh:\/\/))?(?:[A-Za-z_][A-Za-z0-9_.-]*\$?@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(\d{1,5}))?$/;

/** What is wrong with a text as ssh's -J; undefined: nothing. */
export function checkJumpHost(text: string): string | undefined {
  for (const hop of text.split(",")) {
    const match = JUMP_HOP.exec(hop);
    if (match === null) return `"${hop}" is not of the form user@host:port`;
    const port = match[2];
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
      return `the port ${port} is not a number from 1 to 65535`;
    }
  }
  return undefined;
}
