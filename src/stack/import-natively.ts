import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

import { hasModuleSyntax } from "./module-syntax.ts";

// The tests run this module, and what it imports, outside their own module loader, so that a user's file is loaded
// there as it is in real life. So it imports nothing of ours that holds a state or a class.

/** Marks a file of the user's, so that loading it again in one process reads it again. */
export const LOAD_QUERY = "bootmachine-load";
/** Marks a file whose syntax is to be parsed as TypeScript, for the place of an error in JavaScript. */
const PARSE_QUERY = "bootmachine-parse";
const FROM_PREFIX = "bootmachine-from:";

const OWN_MODULES: Readonly<Record<string, string>> = {
  bootmachine: "index",
  "bootmachine/plugin": "plugin",
  "bootmachine/testing": "testing",
};

/** Is told the text of each of the user's files before it runs. */
type SourceListener = (text: string) => void;

let onSource: SourceListener | undefined;
let areHooksRegistered = false;
let loadCount = 0;

function isNotFound(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return (
    code === "ERR_MODULE_NOT_FOUND" ||
    code === "ERR_PACKAGE_PATH_NOT_EXPORTED" ||
    code === "MODULE_NOT_FOUND"
  );
}

/**
 * The format in which a file of the user's is to be loaded. Node goes by "type" in the nearest package.json: it refuses
 * `import` and `export` in a folder of type "commonjs", and warns of them where there is no type. A config says by
 * its syntax what it is. Undefined: Node's own answer is right.
 */
function formatOf(url: string, format: string | null | undefined): string | undefined {
  const file = new URL(url);
  const isTypeScript = file.pathname.endsWith(".ts");
  if (!isTypeScript && !file.pathname.endsWith(".js")) return undefined;
  if (format?.startsWith("module") === true) return undefined;
  try {
    if (!hasModuleSyntax(readFileSync(fileURLToPath(file), "utf8"))) return undefined;
  } catch {
    // Node's own loading says what is wrong with the file.
    return undefined;
  }
  return isTypeScript ? "module-typescript" : "module";
}

/** Resolves our own names where the user's project does not hold us (npx, a global installation). */
function registerOnce(): void {
  if (areHooksRegistered) return;
  areHooksRegistered = true;
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier.startsWith(FROM_PREFIX)) {
        const [parentURL = "", name = ""] = specifier.slice(FROM_PREFIX.length).split("!");
        return nextResolve(decodeURIComponent(name), {
          ...context,
          parentURL: decodeURIComponent(parentURL),
        });
      }
      const own = OWN_MODULES[specifier];
      if (own !== undefined) {
        try {
          return nextResolve(specifier, context);
        } catch (thrown) {
          if (!isNotFound(thrown)) throw thrown;
          return nextResolve(new URL(`../${own}${extension}`, import.meta.url).href, context);
        }
      }
      const resolved = nextResolve(specifier, context);
      const load =
        context.parentURL === undefined
          ? null
          : new URL(context.parentURL).searchParams.get(LOAD_QUERY);
      if (
        load === null ||
        !resolved.url.startsWith("file:") ||
        resolved.url.includes("/node_modules/")
      ) {
        return resolved;
      }
      const url = new URL(resolved.url);
      url.searchParams.set(LOAD_QUERY, load);
      return { ...resolved, url: url.href };
    },
    load(url, context, nextLoad) {
      if (url.includes(`?${PARSE_QUERY}`)) {
        return nextLoad(url, { ...context, format: "module-typescript" });
      }
      if (!url.includes(`?${LOAD_QUERY}=`)) return nextLoad(url, context);
      const format = formatOf(url, context.format);
      const loaded = nextLoad(url, format === undefined ? context : { ...context, format });
      const { source } = loaded;
      if (source !== undefined) {
        onSource?.(typeof source === "string" ? source : new TextDecoder().decode(source));
      }
      return loaded;
    },
  });
}

/** Imports a file of the user's anew, with the files of the user's that it imports. One at a time. */
export async function importAnew(
  fileUrl: string,
  listener?: SourceListener,
): Promise<Readonly<Record<string, unknown>>> {
  registerOnce();
  onSource = listener;
  loadCount++;
  const url = new URL(fileUrl);
  url.searchParams.set(LOAD_QUERY, String(loadCount));
  return (await import(url.href)) as Readonly<Record<string, unknown>>;
}

/**
 * Parses a JavaScript file that is known not to compile as if it were TypeScript, whose errors carry their
 * place (those of JavaScript modules do not). Rejects with that error. Nothing of the file is run.
 */
export async function parseForPlace(fileUrl: string): Promise<void> {
  registerOnce();
  loadCount++;
  await import(`${fileUrl}?${PARSE_QUERY}=${loadCount}`);
}

/** Imports a package as the user's config could: resolved from its directory. */
export async function importFrom(
  parentUrl: string,
  name: string,
): Promise<Readonly<Record<string, unknown>>> {
  registerOnce();
  const specifier = `${FROM_PREFIX}${encodeURIComponent(parentUrl)}!${encodeURIComponent(name)}`;
  return (await import(specifier)) as Readonly<Record<string, unknown>>;
}

/** Removes the marks that loading puts on a file's URL. */
export function removeMarks(url: string): string {
  return url.replace(/\?bootmachine-(?:load|parse)=\d+/g, "");
}
