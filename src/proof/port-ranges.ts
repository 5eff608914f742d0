/** First and last port of "8080" or "6000-6010". */
export function portRange(port: number | string): readonly [first: number, last: number] {
  if (typeof port === "number") return [port, port];
  const [first = "", last = first] = port.split("-");
  return [Number(first), Number(last)];
}

export function isInRange(port: number, range: number | string): boolean {
  const [first, last] = portRange(range);
  return port >= first && port <= last;
}

/** Ports as people write them: "80, 443, 6000-6010"; at most `limit` groups, then how many more. */
export function describePorts(ports: readonly number[], limit = 12): string {
  const groups: string[] = [];
  const sorted = [...ports].sort((a, b) => a - b);
  for (let index = 0; index < sorted.length; index++) {
    const first = sorted[index] ?? 0;
    while (sorted[index + 1] === (sorted[index] ?? 0) + 1) index++;
    const last = sorted[index] ?? first;
    groups.push(first === last ? `${first}` : `${first}-${last}`);
  }
  const shown = groups.slice(0, limit).join(", ");
  return groups.length > limit ? `${shown} and ${groups.length - limit} more` : shown;
}
