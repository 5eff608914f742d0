/** The name at the cloud: a dot stands in neither part, so that no two servers of any stacks share one. */
export function machineName(stack: string, server: string): string {
  return `${stack}.${server}`;
}

/** The name of what all servers of a stack share, and of what is sought there to be removed. */
export function sharedName(stack: string): string {
  return `bootmachine.${stack}`;
}

/** What stands in the description of a thing that was made for a stack or for one of its servers. */
export function markOf(stack: string, server?: string): string {
  return `Made by bootmachine for the ${server === undefined ? `stack ${stack}` : `server ${machineName(stack, server)}`}.`;
}

/** The server of the stack whose mark it is; undefined: it is no such mark. */
export function markedServer(stack: string, mark: string | null | undefined): string | undefined {
  const [before = "", after = ""] = markOf(stack, "\n").split("\n");
  if (mark?.startsWith(before) !== true || !mark.endsWith(after)) return undefined;
  return mark.slice(before.length, -after.length);
}
