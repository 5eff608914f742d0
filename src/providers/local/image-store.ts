import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BootmachineError, CancelledError, ProviderError, UserError } from "../../errors/error.ts";
import type { ImageInfo, ProviderContext } from "../contract.ts";
import { findDebianSources, readAptEntries, type DebianSources } from "./apt-sources.ts";
import { runCommand } from "./command.ts";
import { buildDebian } from "./image-build.ts";
import {
  DEBIAN_IMAGES,
  findDebianImage,
  imagePackages,
  imageFingerprint,
  isTarball,
  type DebianImage,
} from "./image-recipe.ts";
import { withLock } from "./lock.ts";
import type { LocalSettings } from "./options.ts";
import type { LocalPaths } from "./paths.ts";
import { kill, killGroup, readLiveMark, readStartTicks } from "./processes.ts";

/** The file beside an image's root file system that is written last, and removed first. */
const MARK = "image.json";

/** Root file systems, each in a directory of its own: `NAME-FINGERPRINT/rootfs` beside `image.json`, written last. */
export interface ImageStore {
  /** The directory of the image's root file system; builds or unpacks it where it is not cached. */
  ensure(name: string, context: ProviderContext): Promise<string>;
  list(): Promise<readonly ImageInfo[]>;
  /** Removes cached images whose directory is not in `inUse`; returns their names. */
  prune(inUse: ReadonlySet<string>): Promise<readonly string[]>;
}

export function imageStore(settings: LocalSettings, paths: LocalPaths): ImageStore {
  const hashes = new Map<string, string>();

  async function debianDirectory(
    image: DebianImage,
  ): Promise<{ name: string; sources: DebianSources }> {
    const sources = await chooseSources(settings);
    const packages = imagePackages(settings);
    const fingerprint = imageFingerprint(image.suite, packages, JSON.stringify(sources));
    return { name: `${image.name}-${fingerprint}`, sources };
  }

  async function ensureDebian(image: DebianImage, context: ProviderContext): Promise<string> {
    const { name, sources } = await debianDirectory(image);
    return await ensureMade(name, image.name, context, async (rootfs, onStart) => {
      const scratch = join(dirname(rootfs), "scratch");
      await mkdir(scratch);
      await buildDebian({ image, sources, settings, rootfs, scratch, context, onStart });
      await rm(scratch, { recursive: true });
    });
  }

  async function ensureTarball(path: string, context: ProviderContext): Promise<string> {
    const facts = await stat(path).catch(() => undefined);
    if (facts === undefined) throw unknownImage(path, "there is no such file");
    const key = [path, facts.size, facts.mtimeMs, facts.ino].join(":");
    const hash = hashes.get(key) ?? (await hashFile(path, context.signal));
    hashes.set(key, hash);
    return await ensureMade(
      `file-${hash.slice(0, 16)}`,
      basename(path),
      context,
      async (rootfs, onStart) => {
        context.progress(`unpacking ${basename(path)}`);
        await runCommand(
          [
            "tar",
            "--extract",
            "--auto-compress",
            "--numeric-owner",
            "--xattrs",
            "--xattrs-include=*",
            "--directory",
            rootfs,
            "--file",
            path,
          ],
          { timeoutMs: settings.buildTimeoutMs, signal: context.signal, onStart },
        );
        // Keys and identity of whoever made the tarball must not be those of every server.
        for (const left of ["etc/machine-id", "var/lib/dbus/machine-id"]) {
          await rm(join(rootfs, left), { force: true });
        }
      },
    );
  }

  async function ensureMade(
    directoryName: string,
    title: string,
    context: ProviderContext,
    make: (rootfs: string, onStart: (pid: number) => void) => Promise<void>,
  ): Promise<string> {
    const final = join(paths.images, directoryName);
    if (await isMade(final)) return join(final, "rootfs");
    const lock = {
      what: `The image ${title}, which another run builds,`,
      timeoutMs: settings.buildTimeoutMs * 2,
      signal: context.signal,
      onWait: () => context.progress(`waiting for another run that builds ${title}`),
    };
    return await withLock(join(paths.images, `.lock-${directoryName}`), lock, async () => {
      if (await isMade(final)) return join(final, "rootfs");
      await removeHalfMade(paths, directoryName);
      const fresh = join(paths.images, `.building-${directoryName}`);
      await mkdir(join(fresh, "rootfs"), { recursive: true, mode: 0o755 });
      try {
        await make(join(fresh, "rootfs"), (pid) => void noteBuilder(fresh, pid));
        await requireInit(join(fresh, "rootfs"), title);
        await writeFile(join(fresh, MARK), `${JSON.stringify({ madeBy: "bootmachine", title })}\n`);
        await removeImage(final);
        await rename(fresh, final);
      } catch (error) {
        await removeHalfMade(paths, directoryName);
        if (
          error instanceof CancelledError ||
          (error instanceof BootmachineError && error.code !== "PROVIDER_UNAVAILABLE")
        ) {
          throw error;
        }
        throw new ProviderError(
          "IMAGE_BUILD_FAILED",
          `The image ${title} could not be made: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
      }
      return join(final, "rootfs");
    });
  }

  return {
    ensure: async (name, context) => {
      const image = findDebianImage(name);
      if (image !== undefined) return await ensureDebian(image, context);
      if (isTarball(name)) return await ensureTarball(name, context);
      if (/[:,\\\s]/.test(name))
        throw unknownImage(name, "its path has a character that overlay mounts do not take");
      await requireInit(name, name);
      return name;
    },
    list: async () =>
      await Promise.all(
        DEBIAN_IMAGES.map(async (image): Promise<ImageInfo> => {
          const made = await debianDirectory(image).then(
            async ({ name }) => await isMade(join(paths.images, name)),
            () => undefined,
          );
          const note =
            made === undefined
              ? "no source of Debian packages known"
              : made
                ? "cached"
                : "not built yet";
          return { name: image.name, title: image.title, distro: image.name, note };
        }),
      ),
    prune: async (inUse) => {
      const removed: string[] = [];
      const entries = await readdir(paths.images, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const { name } = entry;
        const path = join(paths.images, name);
        if (inUse.has(join(path, "rootfs"))) continue;
        if (name.startsWith(".building-"))
          await removeHalfMade(paths, name.slice(".building-".length));
        else if (entry.isDirectory()) await removeImage(path);
        else await rm(path, { force: true });
        if (!name.startsWith(".")) removed.push(name);
      }
      return removed;
    },
  };
}

export async function chooseSources(settings: LocalSettings): Promise<DebianSources> {
  if (settings.mirror !== undefined) {
    return {
      archive: settings.mirror.replace(/\/+$/, ""),
      security: settings.securityMirror,
      components: ["main"],
    };
  }
  const found = findDebianSources(await readAptEntries());
  if (found !== undefined) return found;
  throw new UserError(
    "IMAGE_UNKNOWN",
    "This computer's apt sources name no Debian archive, so there is nothing to build Debian images from.",
    {
      hint: 'Name one: local({ mirror: "http://HOST/debian", securityMirror: "http://HOST/debian-security" }).',
    },
  );
}

/** What a killed build left: its processes end, its mounts and files go. */
async function removeHalfMade(paths: LocalPaths, directoryName: string): Promise<void> {
  const fresh = join(paths.images, `.building-${directoryName}`);
  const builder = await readLiveMark(join(fresh, "builder"));
  if (builder !== undefined) {
    await killGroup(builder);
    await kill(builder, "SIGKILL");
  }
  // An earlier version mounted where every process sees it.
  for (const path of (await mountsBelow(fresh)).toReversed())
    await runCommand(["umount", "--lazy", path], { allowFailure: true });
  await runCommand(["rm", "-rf", "--one-file-system", fresh], { timeoutMs: 300_000 });
}

/** The mounts of this process below a directory, each after what it is mounted on. */
async function mountsBelow(directory: string): Promise<readonly string[]> {
  const table = await readFile("/proc/self/mounts", "utf8");
  return table
    .split("\n")
    .map((line) => (line.split(" ")[1] ?? "").replaceAll(/\\([0-7]{3})/gu, unescapeOctal))
    .filter((path) => path.startsWith(`${directory}/`));
}

/** The kernel writes a blank in a path as \040. */
const unescapeOctal = (_: string, digits: string): string =>
  String.fromCodePoint(Number.parseInt(digits, 8));

async function noteBuilder(fresh: string, pid: number): Promise<void> {
  const startTicks = await readStartTicks(pid);
  if (startTicks !== undefined)
    await writeFile(join(fresh, "builder"), `${pid} ${startTicks}`).catch(() => undefined);
}

async function requireInit(rootfs: string, title: string): Promise<void> {
  for (const path of [
    "sbin/init",
    "usr/sbin/init",
    "lib/systemd/systemd",
    "usr/lib/systemd/systemd",
  ]) {
    if (await isThere(join(rootfs, path))) return;
  }
  throw unknownImage(title, "it is no root file system with an init system in it");
}

function unknownImage(name: string, why: string): UserError {
  return new UserError("IMAGE_UNKNOWN", `The image ${name} cannot be used: ${why}.`);
}

/** What says that the image is whole goes first: a removal that is interrupted leaves none that is taken for one. */
async function removeImage(directory: string): Promise<void> {
  await rm(join(directory, MARK), { force: true });
  await rm(directory, { recursive: true, force: true });
}

async function isMade(directory: string): Promise<boolean> {
  const text = await readFile(join(directory, MARK), "utf8").catch(() => "");
  return text.includes('"madeBy":"bootmachine"');
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    // An absolute symbolic link points outside of the image when seen from here.
    (error: NodeJS.ErrnoException) => error.code === "ELOOP",
  );
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
