import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";

/** One source of packages as apt's files declare it. */
export interface AptEntry {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** File or key block; "" where none is named. */
  readonly signedBy: string;
}

/** Where Debian itself comes from on this computer. */
export interface DebianSources {
  readonly archive: string;
  readonly security: string | undefined;
  readonly components: readonly string[];
}

const CODENAME =
  /^(buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable|oldoldstable)(?:[-/](updates|security|backports|proposed-updates))?\/?$/;

/** Reads the classic form: `deb [options] URI SUITE COMPONENT…`. */
export function parseClassicSources(text: string): readonly AptEntry[] {
  const entries: AptEntry[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.replace(/#.*$/, "").trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null) continue;
    const [, options = "", uri = "", suite = "", components = ""] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? "";
    entries.push({ uri: trimSlash(uri), suite, components: words(components), signedBy });
  }
  return entries;
}

/** Reads the deb822 form: paragraphs of fields. */
export function parseDeb822Sources(text: string): readonly AptEntry[] {
  const entries: AptEntry[] = [];
  for (const paragraph of text.split(/\n[ \t]*\n/)) {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of paragraph.split("\n")) {
      if (line.startsWith("#")) continue;
      const field = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line);
      if (field !== null) {
        last = (field[1] ?? "").toLowerCase();
        fields.set(last, field[2] ?? "");
      } else if (/^[ \t]/.test(line) && last !== "") {
        fields.set(last, `${fields.get(last) ?? ""} ${line.trim()}`.trim());
      }
    }
    if (!words(fields.get("types") ?? "").includes("deb")) continue;
    if (/^(no|false|0)$/i.test(fields.get("enabled") ?? "")) continue;
    for (const uri of words(fields.get("uris") ?? "")) {
      for (const suite of words(fields.get("suites") ?? "")) {
        entries.push({
          uri: trimSlash(uri),
          suite,
          components: words(fields.get("components") ?? ""),
          signedBy: fields.get("signed-by") ?? "",
        });
      }
    }
  }
  return entries;
}

/**
 * Picks the archive and the security archive of Debian, and leaves everything of third parties alone.
 *
 * Debian's own: a suite of Debian with the component `main`, signed by Debian's key where a key is named, else with
 * a path that a Debian mirror has.
 */
export function findDebianSources(entries: readonly AptEntry[]): DebianSources | undefined {
  const debian = entries.filter((entry) => {
    if (!CODENAME.test(entry.suite) || !entry.components.includes("main")) return false;
    if (entry.signedBy !== "") return /debian-archive|debian-keyring/.test(entry.signedBy);
    return /\/(debian|debian-security)(\/|$)|^https?:\/\/security\.|snapshot/.test(`${entry.uri}/`);
  });
  const isSecurity = (entry: AptEntry): boolean => /[-/]security|\/updates/.test(entry.suite);
  const archive =
    debian.find((entry) => !isSecurity(entry) && !entry.suite.includes("-")) ??
    debian.find((entry) => !isSecurity(entry));
  if (archive === undefined) return undefined;
  return {
    archive: archive.uri,
    security: debian.find(isSecurity)?.uri,
    components: archive.components.filter((name) =>
      ["main", "contrib", "non-free", "non-free-firmware"].includes(name),
    ),
  };
}

/** Reads all source files of this computer, in apt's order. `mirror+file:` lists are resolved to their first line. */
export async function readAptEntries(directory = "/etc/apt"): Promise<readonly AptEntry[]> {
  const entries: AptEntry[] = [];
  entries.push(...parseClassicSources(await read(join(directory, "sources.list"))));
  const folder = join(directory, "sources.list.d");
  const names = await readdir(folder).catch(() => []);
  for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) {
    const text =
      name.endsWith(".list") || name.endsWith(".sources") ? await read(join(folder, name)) : "";
    entries.push(
      ...(name.endsWith(".list") ? parseClassicSources(text) : parseDeb822Sources(text)),
    );
  }
  return await Promise.all(
    entries.map(async (entry) => {
      if (!entry.uri.startsWith("mirror+file:")) return entry;
      const list = await read(entry.uri.replace(/^mirror\+file:(\/\/)?/, ""));
      const first = list.split("\n").find((line) => /^\s*https?:/.test(line));
      return { ...entry, uri: trimSlash(words(first ?? "")[0] ?? basename(entry.uri)) };
    }),
  );
}

/** The lines of a release's own sources, in deb822 form, for a file in a server's sources.list.d. */
export function renderSources(sources: DebianSources, suite: string): string {
  const components = sources.components.filter(
    (name) => name !== "non-free-firmware" || !["buster", "bullseye"].includes(suite),
  );
  const paragraph = (uri: string, suites: string): string =>
    [
      "Types: deb",
      `URIs: ${uri}`,
      `Suites: ${suites}`,
      `Components: ${components.join(" ")}`,
      "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
      "",
    ].join("\n");
  const parts = [paragraph(sources.archive, `${suite} ${suite}-updates`)];
  if (sources.security !== undefined) parts.push(paragraph(sources.security, `${suite}-security`));
  return parts.join("\n");
}

function trimSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

async function read(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
