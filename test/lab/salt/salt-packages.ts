import { spawnSync } from "node:child_process";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

import { runProgram } from "../apt/run-program.ts";

/**
 * Packages of the real Salt from PyPI, laid out as upstream's: an environment of its own in /opt/saltstack/salt, links in
 * /usr/bin, upstream's units, settings and maintainer scripts. What is not upstream's is the Python: upstream brings its
 * own, and these use the release's (3.11 on Debian 12, 3.13 on Debian 13; both sets of modules are in the package).
 */

/** The release on PyPI that stands for each series. */
export const SALT_RELEASES = { "3008": "3008.5", "3007": "3007.17", "3006": "3006.30" } as const;
export type SaltSeries = keyof typeof SALT_RELEASES;

/** Pythons of the Debian releases that the packages are for. */
const PYTHONS = ["3.11", "3.13"] as const;
/** Left out: for clouds only, and 28 MB; no built package on PyPI, and optional; a part of Python itself since 3.7. */
const LEFT_OUT = /^(apache-libcloud|timelib|contextvars)==/;
/** Upstream pins them to releases that PyPI may not have any more, or has not built for this Python. */
const UNPINNED = /^(certifi|markupsafe)==.*/i;

const HOME = "opt/saltstack/salt";
const PACKAGES = ["salt-common", "salt-master", "salt-minion"] as const;
const DEPENDS = {
  "salt-common": ["python3"],
  "salt-master": ["debconf"],
  "salt-minion": ["debconf", "dctrl-tools"],
} as const;

/** Debian's own Python, whatever else is on the path. */
function pip(...args: readonly string[]): string {
  return runProgram("/usr/bin/python3", ["-m", "pip", "--disable-pip-version-check", ...args], {
    env: { ...process.env, PIP_ROOT_USER_ACTION: "ignore" },
  });
}

/** Fetches Salt and what it needs, and writes the packages into `pool`. `work` is an empty directory. */
export async function buildSaltPackages(
  series: SaltSeries,
  work: string,
  pool: string,
): Promise<void> {
  const version = SALT_RELEASES[series];
  pip("download", "--quiet", "--no-deps", "--no-binary=salt", "--dest", work, `salt==${version}`);
  const archive = (await readdir(work)).find((name) => name.startsWith("salt-"));
  if (archive === undefined) throw new Error(`PyPI gave no source of salt ${version}`);
  runProgram("tar", ["-xzf", join(work, archive), "-C", work]);
  const source = join(work, `salt-${version}`);
  pip("wheel", "--quiet", "--no-deps", "--wheel-dir", work, join(work, archive));
  const wheel = (await readdir(work)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`there is no wheel of salt ${version}`);

  const roots = Object.fromEntries(PACKAGES.map((name) => [name, join(work, name)]));
  const common = join(work, "salt-common");
  for (const [index, python] of PYTHONS.entries()) {
    const site = join(common, HOME, `lib/python${python}/site-packages`);
    await installModules(source, python, site, join(work, `modules-${python}.txt`));
    if (index === 0)
      pip("install", "--quiet", "--no-deps", "--no-compile", "--target", site, join(work, wheel));
    // Salt itself is the same for every Python.
    else await symlink(`../../python${PYTHONS[0]}/site-packages/salt`, join(site, "salt"));
  }
  await shareModules(join(common, HOME, "lib"));
  await writeEnvironment(source, common);
  for (const name of PACKAGES) {
    const root = roots[name] ?? "";
    await mkdir(join(root, "DEBIAN"), { recursive: true });
    await layOut(source, name, root);
    await writeControl(source, name, version, root);
    runProgram("dpkg-deb", [
      "--root-owner-group",
      "-Zgzip",
      "-z1",
      "--build",
      root,
      join(pool, `${name}_${version}_amd64.deb`),
    ]);
  }
}

/** The modules that upstream's own lock file names for this Python, as built packages only. */
async function installModules(
  source: string,
  python: string,
  site: string,
  list: string,
): Promise<void> {
  const lock = await readLock(source, python);
  const wanted = lock
    .split("\n")
    .filter((line) => /^[a-z0-9]/i.test(line) && !LEFT_OUT.test(line))
    .map((line) => line.replace(UNPINNED, "$1"));
  await writeFile(list, `${wanted.join("\n")}\n`);
  await mkdir(site, { recursive: true });
  const platforms = ["manylinux_2_28", "manylinux_2_17", "manylinux2014"];
  pip(
    "install",
    "--quiet",
    "--no-deps",
    "--no-compile",
    "--only-binary=:all:",
    "--implementation=cp",
    `--python-version=${python}`,
    ...platforms.map((platform) => `--platform=${platform}_x86_64`),
    "--target",
    site,
    "-r",
    list,
  );
}

/** Most modules are the same for every Python: they are there once, and compiled once when the package is installed. */
async function shareModules(lib: string): Promise<void> {
  const [first, ...others] = PYTHONS.map((python) => `python${python}/site-packages`);
  for (const other of others) {
    for (const name of await readdir(join(lib, other))) {
      const [one, same] = [join(lib, other, name), join(lib, first ?? "", name)];
      if ((await lstat(one)).isSymbolicLink()) continue;
      if (spawnSync("diff", ["-rq", one, same], { stdio: "ignore" }).status !== 0) continue;
      await rm(one, { recursive: true });
      await symlink(`../../${first}/${name}`, one);
    }
  }
}

async function readLock(source: string, python: string): Promise<string> {
  const directory = join(source, "requirements/static/pkg", `py${python}`);
  const names = await readdir(directory);
  const name = names.find((one) => /^linux\.(lock|txt)$/.test(one));
  if (name === undefined) throw new Error(`this Salt has no lock file for Python ${python}`);
  return readFile(join(directory, name), "utf8");
}

/** The environment: its Python is the release's, found by the link, and its modules those beside it. */
async function writeEnvironment(source: string, root: string): Promise<void> {
  const home = join(root, HOME);
  await mkdir(join(home, "bin"), { recursive: true });
  await symlink("/usr/bin/python3", join(home, "bin/python3"));
  await writeFile(
    join(home, "pyvenv.cfg"),
    "home = /usr/bin\ninclude-system-site-packages = false\n",
  );
  for (const name of await readdir(join(source, "scripts"))) {
    if (!/^(salt|spm)(-[a-z]+)?$/.test(name)) continue;
    const text = await readFile(join(source, "scripts", name), "utf8");
    const file = join(home, name);
    await writeFile(file, text.replace(/^#!.*/, `#!/${HOME}/bin/python3`));
    await chmod(file, 0o755);
  }
}

/** What debhelper would do with upstream's `.dirs`, `.install` and `.links`. */
async function layOut(source: string, name: string, root: string): Promise<void> {
  const packaging = join(source, "pkg/debian");
  for (const [directory] of await readTable(join(packaging, `${name}.dirs`))) {
    await mkdir(join(root, directory ?? ""), { recursive: true });
  }
  for (const [from = "", to = ""] of await readTable(join(packaging, `${name}.install`))) {
    // Completions for shells that no server of the lab has.
    if (from.includes("completion")) continue;
    await mkdir(join(root, to), { recursive: true });
    await cp(join(source, from), join(root, to, from.split("/").at(-1) ?? ""));
  }
  for (const [from = "", to = ""] of await readTable(join(packaging, `${name}.links`))) {
    if (from.includes("completion") || from.endsWith("salt-pip")) continue;
    await mkdir(dirname(join(root, to)), { recursive: true });
    await symlink(`/${from}`, join(root, to));
  }
  if (name === "salt-master") {
    const settings = await readFile(join(source, "conf/master"), "utf8");
    await mkdir(join(root, "etc/salt"), { recursive: true });
    await writeFile(
      join(root, "etc/salt/master"),
      settings.replaceAll("#user: root", "user: salt"),
    );
  }
}

async function readTable(file: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
}

async function writeControl(
  source: string,
  name: (typeof PACKAGES)[number],
  version: string,
  root: string,
): Promise<void> {
  const packaging = join(source, "pkg/debian");
  const depends = [
    ...DEPENDS[name],
    ...(name === "salt-common" ? [] : [`salt-common (= ${version})`]),
  ];
  await writeFile(
    join(root, "DEBIAN/control"),
    [
      `Package: ${name}`,
      `Version: ${version}`,
      "Architecture: amd64",
      "Maintainer: bootmachine's lab <lab@example.invalid>",
      "Section: admin",
      "Priority: optional",
      `Depends: ${depends.join(", ")}`,
      `Description: Salt from PyPI, for tests`,
      "",
    ].join("\n"),
  );
  for (const script of ["preinst", "postinst", "prerm"]) {
    const text = await readFile(join(packaging, `${name}.${script}`), "utf8").catch(() => "");
    const unit = name === "salt-common" ? undefined : `${name}.service`;
    const own = unit === undefined ? "" : serviceSnippet(script, unit);
    if (text === "" && own === "") continue;
    const whole = text === "" ? `#!/bin/sh\nset -e\n#DEBHELPER#\n` : text;
    await writeFile(
      join(root, "DEBIAN", script),
      whole.replaceAll("#DEBHELPER#", () => own),
    );
    await chmod(join(root, "DEBIAN", script), 0o755);
  }
  const templates = await readFile(join(packaging, `${name}.templates`), "utf8").catch(() => "");
  if (templates !== "") await writeFile(join(root, "DEBIAN/templates"), templates);
  const settings = await readdir(join(root, "etc/salt")).catch((): string[] => []);
  const files = settings.filter((one) => ["master", "minion", "proxy"].includes(one));
  if (files.length > 0) {
    await writeFile(
      join(root, "DEBIAN/conffiles"),
      files.map((one) => `/etc/salt/${one}\n`).join(""),
    );
  }
}

/** What debhelper's systemd add-on puts in: enabled and started at once, unless an administrator has masked the unit. */
function serviceSnippet(script: string, unit: string): string {
  if (script === "postinst") {
    return `if [ "$1" = configure ]; then
  deb-systemd-helper unmask ${unit} >/dev/null || true
  if deb-systemd-helper --quiet was-enabled ${unit}; then
    deb-systemd-helper enable ${unit} >/dev/null || true
  else
    deb-systemd-helper update-state ${unit} >/dev/null || true
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    if [ -n "$2" ]; then action=restart; else action=start; fi
    deb-systemd-invoke $action ${unit} >/dev/null || true
  fi
fi`;
  }
  return script === "prerm"
    ? `if [ -d /run/systemd/system ] && [ "$1" = remove ]; then deb-systemd-invoke stop ${unit} >/dev/null || true; fi`
    : "";
}
