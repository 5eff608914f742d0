import { constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError } from "../../errors/error.ts";
import type { Prerequisites } from "../contract.ts";
import { runCommand, SYSTEM_PATH } from "./command.ts";
import { isThere } from "./is-there.ts";

export const PREREQUISITE_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** What is run, and the Debian package that has it. */
const COMMANDS: readonly { readonly command: string; readonly package: string }[] = [
  { command: "systemd-nspawn", package: "systemd-container" },
  { command: "mmdebstrap", package: "mmdebstrap" },
  { command: "nft", package: "nftables" },
  { command: "ip", package: "iproute2" },
  { command: "ssh-keygen", package: "openssh-client" },
  { command: "ssh", package: "openssh-client" },
  { command: "unshare", package: "util-linux" },
  { command: "flock", package: "util-linux" },
  { command: "tar", package: "tar" },
];

export interface Surroundings {
  readonly platform: string;
  readonly isRoot: boolean;
  readonly canSudo: boolean;
  readonly missingCommands: readonly string[];
  readonly hasKeyring: boolean;
  readonly hasApt: boolean;
  readonly hasOverlay: boolean;
}

const INSTEAD = "The `existing` provider works here, with servers that you have.";

/** What follows from what was found: pure. */
export function judgePrerequisites(found: Surroundings): Omit<Prerequisites, "install"> {
  if (found.platform !== "linux") {
    return {
      missing: [`Local servers need Linux, and this computer runs ${found.platform}. ${INSTEAD}`],
      packages: [],
    };
  }
  if (!found.isRoot && !found.canSudo) {
    return {
      missing: [
        `Local servers need root, and neither are you root nor does sudo work without a password. ${INSTEAD}`,
      ],
      packages: [],
    };
  }
  const missing: string[] = [];
  if (!found.hasOverlay)
    missing.push(
      `Local servers need the kernel's overlay file system, which is not available here. ${INSTEAD}`,
    );
  const packages = new Set(
    COMMANDS.filter((entry) => found.missingCommands.includes(entry.command)).map(
      (entry) => entry.package,
    ),
  );
  if (!found.hasKeyring) packages.add("debian-archive-keyring");
  if (packages.size > 0 && !found.hasApt) {
    const wanted = [...found.missingCommands, ...(found.hasKeyring ? [] : [PREREQUISITE_KEYRING])];
    missing.push(
      `Local servers need ${wanted.join(", ")}, and there is no apt-get here to install them: install them yourself. ${INSTEAD}`,
    );
    return { missing, packages: [] };
  }
  return { missing, packages: [...packages].toSorted() };
}

export async function readPrerequisites(): Promise<Prerequisites> {
  const isRoot = process.getuid?.() === 0;
  const linux = process.platform === "linux";
  const missingCommands: string[] = [];
  if (linux) {
    for (const { command } of COMMANDS)
      if (!(await hasCommand(command))) missingCommands.push(command);
  }
  const found: Surroundings = {
    platform: process.platform,
    isRoot,
    canSudo: linux && !isRoot && (await canSudo()),
    missingCommands,
    hasKeyring: await isThere(PREREQUISITE_KEYRING),
    hasApt: linux && (await hasCommand("apt-get")),
    hasOverlay: !linux || (await hasOverlay()),
  };
  const { missing, packages } = judgePrerequisites(found);
  return {
    missing,
    packages,
    install: async () => {
      if (packages.length === 0) return;
      const prefix = isRoot ? [] : ["sudo", "-n"];
      await runCommand(aptGet(prefix, ["update"]), { timeoutMs: 600_000 });
      await runCommand(aptGet(prefix, ["install", "--no-install-recommends", ...packages]), {
        timeoutMs: 1_200_000,
      });
    },
  };
}

/** @throws RefusedError PREREQUISITE_MISSING, before anything is touched. */
export async function requirePrerequisites(): Promise<void> {
  const { missing, packages } = await readPrerequisites();
  if (missing.length > 0) throw new RefusedError("PREREQUISITE_MISSING", missing.join(" "));
  if (packages.length > 0) {
    throw new RefusedError(
      "PREREQUISITE_MISSING",
      `Local servers need packages: ${packages.join(", ")}.`,
      {
        hint: `Install them: apt-get install ${packages.join(" ")}`,
      },
    );
  }
}

/** Noninteractive, and it waits for dpkg's lock with a limit. */
function aptGet(prefix: readonly string[], words: readonly string[]): [string, ...string[]] {
  return [
    ...prefix,
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "--quiet",
    "--yes",
    "-o",
    "DPkg::Lock::Timeout=300",
    ...words,
  ] as [string, ...string[]];
}

async function hasCommand(name: string): Promise<boolean> {
  for (const directory of SYSTEM_PATH.split(":")) {
    if (await isThere(join(directory, name), constants.X_OK)) return true;
  }
  return false;
}

async function canSudo(): Promise<boolean> {
  if (!(await hasCommand("sudo"))) return false;
  return (
    (await runCommand(["sudo", "-n", "true"], { allowFailure: true, timeoutMs: 10_000 })).status ===
    0
  );
}

async function hasOverlay(): Promise<boolean> {
  const known = async (): Promise<boolean> =>
    (await readFile("/proc/filesystems", "utf8").catch(() => "")).includes("\toverlay");
  if (await known()) return true;
  await runCommand(["modprobe", "overlay"], { allowFailure: true, timeoutMs: 10_000 }).catch(
    () => undefined,
  );
  return await known();
}
