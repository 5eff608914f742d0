import { createHash } from "node:crypto";
import { join } from "node:path";
import type { LocalSettings } from "./options.ts";

/** Where everything of one state directory lies, and how its shared things are called. */
export interface LocalPaths {
  readonly state: string;
  readonly machines: string;
  readonly lock: string;
  readonly networkFile: string;
  readonly proxyDirectory: string;
  readonly images: string;
  readonly packages: string;
  /** At most 15 characters: the kernel's limit. */
  readonly bridge: string;
  readonly nftTable: string;
  readonly cgroup: string;
}

const DEFAULT_STATE = "/var/lib/bootmachine/local";

export function localPaths(settings: LocalSettings): LocalPaths {
  const state = settings.stateDirectory;
  // Two worlds on one computer must not share a bridge or a table.
  const mark = state === DEFAULT_STATE ? "0" : `-${shortHash(state, 8)}`;
  return {
    state,
    machines: join(state, "machines"),
    lock: join(state, "lock"),
    networkFile: join(state, "network.json"),
    proxyDirectory: join(state, "package-cache"),
    images: join(settings.cacheDirectory, "images"),
    packages: join(settings.cacheDirectory, "packages"),
    bridge: mark === "0" ? "bootmachine0" : `bm${mark}`,
    nftTable: `bootmachine_local${mark === "0" ? "" : mark.replace("-", "_")}`,
    cgroup: mark === "0" ? "bootmachine" : `bootmachine${mark}`,
  };
}

/** Whether a network interface is the bridge of some state directory. */
export function isBridgeName(name: string): boolean {
  return /^(bootmachine0|bm-[0-9a-f]{8})$/.test(name);
}

/** The name of a machine for systemd-nspawn: short, since the host end of its cable is called `vb-NAME` (15 characters). */
export function machineId(settings: LocalSettings, stack: string, server: string): string {
  return `bm${shortHash(`${settings.stateDirectory}\n${stack}\n${server}`, 10)}`;
}

export function machineDirectory(paths: LocalPaths, stack: string, server: string): string {
  return join(paths.machines, stack, server);
}

function shortHash(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
