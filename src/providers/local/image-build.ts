import { access, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PREREQUISITE_KEYRING } from "./prerequisites.ts";
import type { ProviderContext } from "../contract.ts";
import { readAptAcquire } from "./apt-settings.ts";
import { renderSources, type DebianSources } from "./apt-sources.ts";
import { runCommand } from "./command.ts";
import { imagePackages, type DebianImage } from "./image-recipe.ts";
import type { LocalSettings } from "./options.ts";

export interface BuildOptions {
  readonly image: DebianImage;
  readonly sources: DebianSources;
  readonly settings: LocalSettings;
  /** An empty directory. */
  readonly rootfs: string;
  /** Another one, for what lasts no longer than the build. */
  readonly scratch: string;
  readonly context: ProviderContext;
  readonly onStart: (pid: number) => void;
}

/**
 * The package lists stay in the image, the translations that a server wants too, and what apt makes of them: a server's first
 * refresh then only asks what has changed, a third of the work. They take 90 MB an image each (Debian 11 to 13).
 */
const KEEP_LISTS = [
  "--skip=cleanup/apt/lists",
  "--aptopt=#clear Acquire::Languages",
  '--aptopt=Acquire::Languages { "environment"; "en"; }',
] as const;

/**
 * Mounts and processes of a build are seen by itself alone, and end with it however it ends: mmdebstrap makes them where it
 * is started, and undoes nothing when it is killed.
 */
const BY_ITSELF = [
  "unshare",
  "--mount",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
] as const;

/** Builds a Debian root file system with mmdebstrap, and leaves nothing in it that must be different on each server. */
export async function buildDebian(options: BuildOptions): Promise<void> {
  const { image, sources, settings, rootfs, scratch, context } = options;
  const startedAt = Date.now();
  let step = "starting";
  const tell = (): void => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    context.progress(`building image ${image.name} (${seconds} s): ${step}`);
  };
  const ticker = setInterval(tell, 1000);
  tell();
  try {
    const acquire = await readAptAcquire(context.signal);
    await runCommand(
      [
        ...BY_ITSELF,
        "mmdebstrap",
        "--variant=minbase",
        "--mode=root",
        "--format=directory",
        ...KEEP_LISTS,
        `--include=${imagePackages(settings).join(",")}`,
        ...acquire.map((line) => `--aptopt=${line}`),
        image.suite,
        rootfs,
        ...sourceLines(sources, image.suite),
      ],
      {
        timeoutMs: settings.buildTimeoutMs,
        signal: context.signal,
        env: { TMPDIR: scratch },
        onStart: options.onStart,
        onLine: (line) => {
          const match = /^I: (.*?)\.*$/.exec(line);
          if (match !== null) step = match[1] ?? step;
        },
      },
    );
    step = "cleaning";
    await finish(rootfs, image, sources, acquire, context.signal);
  } finally {
    clearInterval(ticker);
  }
}

function sourceLines(sources: DebianSources, suite: string): readonly string[] {
  const line = (uri: string, name: string): string =>
    `deb [signed-by=${PREREQUISITE_KEYRING}] ${uri} ${name} main`;
  const lines = [line(sources.archive, suite), line(sources.archive, `${suite}-updates`)];
  if (sources.security !== undefined) lines.push(line(sources.security, `${suite}-security`));
  return lines;
}

async function finish(
  rootfs: string,
  image: DebianImage,
  sources: DebianSources,
  acquire: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const inside = (path: string): string => join(rootfs, path);
  const sshFiles = await readdir(inside("etc/ssh"));
  for (const name of sshFiles.filter((file) => file.startsWith("ssh_host_")))
    await rm(inside(`etc/ssh/${name}`));
  for (const path of [
    "var/lib/dbus/machine-id",
    "etc/resolv.conf",
    "etc/hostname",
    "etc/apt/sources.list",
    "etc/apt/apt.conf.d/99mmdebstrap",
  ]) {
    await rm(inside(path), { force: true });
  }
  await writeFile(inside("etc/machine-id"), "");
  await mkdir(inside("etc/apt/sources.list.d"), { recursive: true });
  await writeFile(
    inside("etc/apt/sources.list.d/debian.sources"),
    renderSources(sources, image.suite),
  );
  await rm(inside("etc/apt/sources.list.d/0000sources.list"), { force: true });
  // What this computer's administrator decided about these archives holds inside as well; proxies do not reach there.
  const kept = acquire.filter((line) => /^Acquire::Check-(Valid-Until|Date) /.test(line));
  if (kept.length > 0)
    await writeFile(
      inside("etc/apt/apt.conf.d/20archive"),
      `${kept.map((line) => `${line};`).join("\n")}\n`,
    );
  const hasLocale = await access(inside("etc/default/locale")).then(
    () => true,
    () => false,
  );
  if (!hasLocale) await writeFile(inside("etc/default/locale"), "LANG=C.UTF-8\n");
  // Last: what apt keeps of its lists is worth nothing once its sources or settings change.
  await runCommand(["chroot", rootfs, "apt-cache", "--quiet", "gencaches"], { signal });
}
