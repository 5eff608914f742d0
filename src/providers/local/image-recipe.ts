import { createHash } from "node:crypto";
import { CLOUD_INIT_PACKAGES } from "./cloud-init-seed.ts";
import type { LocalSettings } from "./options.ts";

export interface DebianImage {
  readonly name: string;
  readonly suite: string;
  readonly title: string;
}

/** Newest first; the first is the default. */
export const DEBIAN_IMAGES: readonly [DebianImage, ...DebianImage[]] = [
  { name: "debian-13", suite: "trixie", title: "Debian 13 (trixie)" },
  { name: "debian-12", suite: "bookworm", title: "Debian 12 (bookworm)" },
  { name: "debian-11", suite: "bullseye", title: "Debian 11 (bullseye)" },
];

/** What Debian's own cloud images have and a server needs; no kernel, no boot loader, and cloud-init only where it is asked for. */
const IMAGE_PACKAGES: readonly string[] = [
  "apt-utils",
  "bash-completion",
  "ca-certificates",
  "curl",
  "dbus",
  "iproute2",
  "iputils-ping",
  "less",
  "libpam-systemd",
  "locales",
  "netbase",
  "nftables",
  "openssh-server",
  "procps",
  "sudo",
  "systemd",
  "systemd-sysv",
  "systemd-timesyncd",
  "tzdata",
  "unattended-upgrades",
];

/** All packages of an image that is built. */
export function imagePackages(
  settings: Pick<LocalSettings, "packages" | "userData">,
): readonly string[] {
  const forUserData = settings.userData === undefined ? [] : CLOUD_INIT_PACKAGES;
  return [...new Set([...IMAGE_PACKAGES, ...settings.packages, ...forUserData])];
}

/** Counted up when the way in which an image is made changes, so that cached ones are built anew. */
const FORMAT = 4;

/** Changes whenever a cached image would be another one if it were built now. */
export function imageFingerprint(
  suite: string,
  packages: readonly string[],
  sources: string,
): string {
  return createHash("sha256")
    .update(JSON.stringify([FORMAT, suite, packages.toSorted(), sources]))
    .digest("hex")
    .slice(0, 12);
}

export function findDebianImage(name: string): DebianImage | undefined {
  return DEBIAN_IMAGES.find((image) => image.name === name);
}

/** An image given as a root file system: an absolute path of a folder or a tarball. */
export function isImagePath(name: string): boolean {
  return name.startsWith("/");
}

export function isTarball(path: string): boolean {
  return /\.(tar|tar\.gz|tgz|tar\.xz|txz|tar\.zst)$/.test(path);
}
