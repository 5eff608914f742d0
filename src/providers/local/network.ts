import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import { runCommand } from "./command.ts";
import { admitThroughFirewalls, withdrawFromFirewalls } from "./host-firewall.ts";
import { removeComputerLock, withComputerLock } from "./computer-lock.ts";
import { hasNeededSettings, raiseSettings, restoreSettings } from "./kernel-settings.ts";
import { chooseNetwork, gatewayOf, parseNetwork } from "./network-plan.ts";
import type { LocalSettings } from "./options.ts";
import { isBridgeName, type LocalPaths } from "./paths.ts";
import { isThere } from "./is-there.ts";

const networkSchema = z.object({
  madeBy: z.literal("bootmachine"),
  bridge: z.string(),
  /** IPv4 network with length. */
  network: z.string(),
  /** First four groups of a unique-local /64, such as "fd12:3456:789a:0". */
  prefix6: z.string(),
  mtu: z.number(),
});

export type LocalNetwork = Readonly<z.infer<typeof networkSchema>>;

/**
 * Makes sure that the bridge, its addresses, forwarding and the rules for the way out are there. Call under the lock.
 *
 * Written down before anything is made, so that a destroy after a crash finds all of it.
 */
export async function ensureNetwork(
  settings: LocalSettings,
  paths: LocalPaths,
  signal: AbortSignal,
): Promise<LocalNetwork> {
  const network = await readNetwork(paths);
  if (network !== undefined && (await isWhole(paths, signal))) return network;
  // Another state directory may be choosing its network, or giving the kernel its settings back, at this moment.
  return await withComputerLock(signal, async () => await makeNetwork(settings, paths, signal));
}

async function isWhole(paths: LocalPaths, signal: AbortSignal): Promise<boolean> {
  return (
    (await isThere(`/sys/class/net/${paths.bridge}`)) &&
    (await hasTable(paths, signal)) &&
    (await hasNeededSettings())
  );
}

async function makeNetwork(
  settings: LocalSettings,
  paths: LocalPaths,
  signal: AbortSignal,
): Promise<LocalNetwork> {
  const known = await readNetwork(paths);
  const hasBridge = await isThere(`/sys/class/net/${paths.bridge}`);
  if (known === undefined && hasBridge) {
    throw new RefusedError(
      "NOT_OURS",
      `A network interface ${paths.bridge} exists, and ${paths.networkFile} does not know it.`,
      { hint: `Remove it (ip link delete ${paths.bridge}), or use another stateDirectory.` },
    );
  }
  const network = known ?? (await planNetwork(settings, paths, signal));
  if (!hasBridge) await makeBridge(network, signal);
  await raiseSettings();
  if (!(await hasTable(paths, signal))) {
    await runCommand(["nft", "-f", "-"], { stdin: rules(paths, network), signal });
    await admitThroughFirewalls(network.bridge, signal);
  }
  return network;
}

async function hasTable(paths: LocalPaths, signal: AbortSignal): Promise<boolean> {
  const table = await runCommand(["nft", "list", "table", "inet", paths.nftTable], {
    allowFailure: true,
    signal,
  });
  return table.status === 0;
}

/** Removes all of it. Works on half-made ones. Call under the lock, when no machine is left. */
export async function removeNetwork(paths: LocalPaths): Promise<void> {
  const network = await readNetwork(paths);
  if (network === undefined) return;
  await withComputerLock(undefined, async () => {
    await runCommand(["ip", "link", "delete", network.bridge], { allowFailure: true });
    await runCommand(["nft", "delete", "table", "inet", paths.nftTable], { allowFailure: true });
    await withdrawFromFirewalls(network.bridge);
    // The kernel's settings are the whole computer's: servers of another state directory may still need them.
    const links = await readdir("/sys/class/net");
    if (!links.some(isBridgeName)) await restoreSettings();
    await rm(paths.networkFile, { force: true });
    if (!links.some(isBridgeName)) await removeComputerLock();
  });
}

export async function readNetwork(paths: LocalPaths): Promise<LocalNetwork | undefined> {
  try {
    return networkSchema.parse(JSON.parse(await readFile(paths.networkFile, "utf8")));
  } catch {
    return undefined;
  }
}

async function planNetwork(
  settings: LocalSettings,
  paths: LocalPaths,
  signal: AbortSignal,
): Promise<LocalNetwork> {
  const routes = await readRoutes(signal);
  const inUse = routes.map((route) => route.dst).filter((dst) => /^[0-9]+\./.test(dst));
  const network =
    settings.network === undefined
      ? chooseNetwork(inUse)
      : chooseNetwork(inUse, [settings.network]);
  if (network === undefined || parseNetwork(network).prefixLength > 29) {
    throw new ProviderError(
      "PROVIDER_CONFLICT",
      settings.network === undefined
        ? "All of the private networks that local servers could use are routed elsewhere on this computer."
        : `The network ${settings.network} overlaps a route of this computer, or is too small.`,
      { hint: 'Give a free private network: local({ network: "10.88.0.0/22" }).' },
    );
  }
  const random = randomBytes(5).toString("hex");
  const plan: LocalNetwork = {
    madeBy: "bootmachine",
    bridge: paths.bridge,
    network,
    prefix6: `fd${random.slice(0, 2)}:${random.slice(2, 6)}:${random.slice(6, 10)}:0`,
    mtu: await uplinkMtu(routes),
  };
  await writeNetwork(paths, plan);
  return plan;
}

async function makeBridge(network: LocalNetwork, signal: AbortSignal): Promise<void> {
  const { bridge, mtu } = network;
  await runCommand(["ip", "link", "add", "name", bridge, "mtu", String(mtu), "type", "bridge"], {
    signal,
  });
  // A server must not be able to tell this computer its routes.
  await writeFile(`/proc/sys/net/ipv6/conf/${bridge}/accept_ra`, "0").catch(() => undefined);
  const length = parseNetwork(network.network).prefixLength;
  // -force: a computer without IPv6 refuses one of the lines, and does well without it.
  await runCommand(["ip", "-force", "-batch", "-"], {
    stdin: [
      `addr add ${gatewayOf(network.network)}/${length} dev ${bridge}`,
      `addr add ${network.prefix6}::1/64 dev ${bridge} nodad`,
      // Said again: a bridge takes over its ports' size unless it was told its own.
      `link set ${bridge} mtu ${mtu} up`,
      "",
    ].join("\n"),
    allowFailure: true,
    signal,
  });
}

function rules(paths: LocalPaths, network: LocalNetwork): string {
  return `table inet ${paths.nftTable} {
  comment "bootmachine: the way out for local servers"
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${network.network} ip daddr != ${network.network} oifname != "${network.bridge}" masquerade
  }
}
`;
}

interface Route {
  readonly dst: string;
  readonly dev?: string | undefined;
}

const routesSchema = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));

async function readRoutes(signal: AbortSignal): Promise<readonly Route[]> {
  const { stdout } = await runCommand(["ip", "-json", "-4", "route", "show", "table", "all"], {
    signal,
  });
  return routesSchema.parse(JSON.parse(stdout === "" ? "[]" : stdout));
}

/** The link to the world decides how large a packet may be; a larger one inside would be lost without a word. */
async function uplinkMtu(routes: readonly Route[]): Promise<number> {
  const uplink = routes.find((route) => route.dst === "default")?.dev;
  if (uplink === undefined) return 1500;
  const text = await readFile(`/sys/class/net/${uplink}/mtu`, "utf8").catch(() => "1500");
  return Math.min(1500, Number(text) || 1500);
}

async function writeNetwork(paths: LocalPaths, network: LocalNetwork): Promise<void> {
  await mkdir(paths.state, { recursive: true, mode: 0o700 });
  await writeFile(`${paths.networkFile}.new`, `${JSON.stringify(network, null, 2)}\n`);
  await rename(`${paths.networkFile}.new`, paths.networkFile);
}

/** Whether the bridge has a global IPv6 address: a computer without IPv6 gives its servers none that works. */
export async function hasIpv6(bridge: string): Promise<boolean> {
  const table = await readFile("/proc/net/if_inet6", "utf8").catch(() => "");
  // ADDRESS INDEX PREFIX SCOPE FLAGS DEVICE; scope 00 is global, 20 link-local.
  return table.split("\n").some((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[5] === bridge && fields[3] === "00";
  });
}
