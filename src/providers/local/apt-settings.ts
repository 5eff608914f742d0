import { runCommand } from "./command.ts";

/**
 * The settings of this computer's apt that decide how archives are reached and whether they are accepted: proxies,
 * and the checks of their dates. As lines `Acquire::NAME "VALUE"`.
 */
export async function readAptAcquire(signal: AbortSignal): Promise<readonly string[]> {
  const { stdout, status } = await runCommand(["apt-config", "dump"], {
    allowFailure: true,
    signal,
  });
  return status === 0 ? parseAptAcquire(stdout) : [];
}

export function parseAptAcquire(dump: string): readonly string[] {
  const lines: string[] = [];
  for (const line of dump.split("\n")) {
    const match =
      /^(Acquire::(?:https?|ftp)::Proxy(?:-Auto-Detect|::\S+)?|Acquire::Check-(?:Valid-Until|Date)) "(.+)";$/.exec(
        line,
      );
    if (match !== null) lines.push(`${match[1]} "${match[2]}"`);
  }
  return lines;
}

/** The proxy for plain http that apt uses here, for the package cache; undefined: none. */
export function httpProxyOf(acquire: readonly string[]): string | undefined {
  const line = acquire.find((entry) => entry.startsWith("Acquire::http::Proxy "));
  const proxy = line === undefined ? undefined : /"(.+)"$/.exec(line)?.[1];
  return proxy === undefined || proxy === "DIRECT" ? undefined : proxy;
}
