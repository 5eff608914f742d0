import { spawn } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";

import { httpProxyOf, readAptAcquire } from "./apt-settings.ts";
import type { DebianSources } from "./apt-sources.ts";
import { runCommand, SYSTEM_PATH } from "./command.ts";
import { gatewayOf } from "./network-plan.ts";
import type { LocalNetwork } from "./network.ts";
import type { PackageCacheOptions } from "./package-cache.ts";
import { writeCacheMark } from "./package-cache-mark.ts";
import type { LocalPaths } from "./paths.ts";
import { kill, readLiveMark, readStartTicks } from "./processes.ts";
import { isUnderSystemd } from "./supervisor.ts";

/** On the bridge's address only, so it is in nobody's way. */
const PORT = 3149;
/** For the cache's own process alone: it takes Node's http, which is a tenth of what the controller takes to begin. */
const PACKAGE_CACHE_MODULE = new URL(`package-cache${extname(import.meta.url)}`, import.meta.url)
  .href;

/** Makes sure that the package cache runs. It is a convenience: where it cannot, servers fetch by themselves. Call under the lock. */
export async function ensurePackageCache(
  paths: LocalPaths,
  network: LocalNetwork,
  sources: DebianSources | undefined,
  signal: AbortSignal,
): Promise<void> {
  const hosts = cacheableHosts(sources);
  if (hosts.length === 0) return;
  if ((await readLiveMark(join(paths.proxyDirectory, "process"))) !== undefined) return;
  await mkdir(paths.proxyDirectory, { recursive: true, mode: 0o700 });
  const options: PackageCacheOptions = {
    address: gatewayOf(network.network),
    port: PORT,
    directory: paths.packages,
    hosts,
    proxy: httpProxyOf(await readAptAcquire(signal)),
  };
  const file = join(paths.proxyDirectory, "options.json");
  await writeFile(file, JSON.stringify(options), { mode: 0o600 });
  const code = `import(${JSON.stringify(PACKAGE_CACHE_MODULE)}).then((m) => m.runPackageCache(${JSON.stringify(file)}))`;
  const argv = [process.execPath, "--input-type=module", "--eval", code] as const;
  if (await isUnderSystemd()) {
    const unit = `--unit=bootmachine-packages-${paths.bridge}`;
    await runCommand(["systemd-run", "--quiet", "--collect", unit, ...argv], {
      signal,
      allowFailure: true,
    });
    return;
  }
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    stdio: "ignore",
    env: { PATH: SYSTEM_PATH },
  });
  child.once("error", () => undefined);
  child.unref();
  // Noted here, not by the process itself: a destroy in the next moment must find it.
  const startTicks = child.pid === undefined ? undefined : await readStartTicks(child.pid);
  if (startTicks !== undefined)
    await writeCacheMark(paths.proxyDirectory, `${child.pid} ${startTicks}`);
}

/** Ends it. Call under the lock. */
export async function removePackageCache(paths: LocalPaths): Promise<void> {
  const mark = await readLiveMark(join(paths.proxyDirectory, "process"));
  await rm(paths.proxyDirectory, { recursive: true, force: true });
  if (mark === undefined) return;
  await kill(mark, "SIGKILL");
}

/** Settings of apt inside a server: by way of the cache while it answers, directly while it does not. */
export function aptCacheFiles(
  network: LocalNetwork,
  sources: DebianSources | undefined,
): { readonly settings: string; readonly script: string } | undefined {
  const hosts = cacheableHosts(sources);
  if (hosts.length === 0) return undefined;
  const gateway = gatewayOf(network.network);
  return {
    settings: `// Packages come by way of a cache on the computer that this local server runs on.\nAcquire::http::Proxy-Auto-Detect "${APT_SCRIPT}";\n`,
    script: `#!/bin/sh
# bootmachine: tells apt by which way to fetch $1. Without the cache, or for other archives: directly.
case $1 in
${hosts.map((host) => `http://${host}/*`).join(" | ")}) ;;
*) echo DIRECT; exit 0 ;;
esac
if timeout 1 bash -c ': </dev/tcp/${gateway}/${PORT}' 2>/dev/null; then
  echo http://${gateway}:${PORT}
else
  echo DIRECT
fi
`,
  };
}

export const APT_SCRIPT = "/usr/local/lib/bootmachine/apt-proxy";

function cacheableHosts(sources: DebianSources | undefined): readonly string[] {
  const uris = sources === undefined ? [] : [sources.archive, sources.security ?? ""];
  const hosts = uris.filter((uri) => uri.startsWith("http://")).map((uri) => new URL(uri).host);
  return [...new Set(hosts)];
}
