import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { COMMANDS, CONFIGURATOR_COMMANDS, isCommandName } from "../../src/cli/command-list.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { loadStack } from "../../src/index.ts";
import { ERROR_CODES, type ErrorCodeEntry } from "../../src/errors/codes.ts";
import { DEFAULT_SIZE, findSize, LOCAL_SIZES } from "../../src/providers/local/sizes.ts";
import { memoryNeedMb } from "../../src/stack/memory-need.ts";
import { sizeOf } from "../../src/stack/wishes.ts";
import { listFiles, ROOT } from "./source-tree.ts";

interface CodeBlock {
  /** `docs/guide/config.md:12` */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

const pages = listFiles("*.md", "docs/**/*.md").map((path) => ({
  path,
  text: readFileSync(resolve(ROOT, path), "utf8"),
}));

const blocks: readonly CodeBlock[] = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    place: `${path}:${text.slice(0, match.index).split("\n").length}`,
    language: match[1] ?? "",
    text: match[2] ?? "",
  })),
);

const OWN_CONFIGURATOR = resolve(ROOT, "examples/own-configurator");

test("the old commands' page, the guide and the decisions are there", () => {
  expect(pages.length).toBeGreaterThan(15);
  expect(blocks.length).toBeGreaterThan(30);
});

describe("TypeScript examples", () => {
  const folder = resolve(ROOT, ".cache/docs-examples");
  const examples = blocks.filter(({ language }) => /^(ts|typescript)$/.test(language));

  test("compile", { timeout: 60_000 }, () => {
    expect(examples.length).toBeGreaterThan(5);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [index, example] of examples.entries()) {
      writeFileSync(
        resolve(folder, `example-${index}.ts`),
        `// ${example.place}\n${example.text}\nexport {};\n`,
      );
    }
    // Examples import what the page shows above them.
    cpSync(resolve(OWN_CONFIGURATOR, "snippets.ts"), resolve(folder, "snippets.ts"));
    writeFileSync(
      resolve(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../tsconfig.json",
        compilerOptions: { rootDir: "../..", noUnusedLocals: false, noUnusedParameters: false },
        include: ["./*.ts"],
      }),
    );
    const result = spawnSync(
      resolve(ROOT, "node_modules/.bin/tsc"),
      ["-p", folder, "--pretty", "false"],
      {
        encoding: "utf8",
      },
    );
    // Errors in src/ are another test's business.
    const problems = result.stdout
      .split("\n")
      .map((line) => /example-(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, index, line, message]) => {
        const example = examples[Number(index)];
        return `${example?.place}, line ${Number(line) - 1} of the example: ${message}`;
      });
    expect(problems).toEqual([]);
  });
});

test.each(["snippets.ts", "bootmachine.config.ts", "plugin.ts", "suite.ts"])(
  "the guide's whole configurator is the example that is run as a test: %s",
  (name) => {
    const page = pages.find(({ path }) => path === "docs/guide/write-a-configurator.md")?.text;
    const text = readFileSync(resolve(OWN_CONFIGURATOR, name), "utf8");
    expect(page).toContain(`\`\`\`ts\n${text}\`\`\`\n`);
  },
);

/** Without what stands between backticks: a config that an example writes is none itself. */
function outsideOfTexts(code: string): string {
  return code.replaceAll(/`[^`]*`/g, "");
}

test("the guide's whole provider is the example that passes the contract suite", () => {
  const page = pages.find(({ path }) => path === "docs/guide/write-a-provider.md")?.text;
  const file = resolve(ROOT, "examples/own-provider/shelf.ts");
  expect(page).toContain(`\`\`\`ts\n${readFileSync(file, "utf8")}\`\`\`\n`);
});

describe("example configs", () => {
  const home = resolve(ROOT, ".cache/docs-configs");
  const configs = blocks.filter(
    ({ language, text }) =>
      (language === "ts" && /^export default defineStack\(/m.test(outsideOfTexts(text))) ||
      (language === "yaml" && text.startsWith("name: ")),
  );

  beforeAll(() => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(resolve(home, ".ssh"), { recursive: true });
    mkdirSync(resolve(home, "keys"));
    // Where `init` puts them.
    for (const kit of listFiles("src/configurators/*/starter-kit/README.md")) {
      const tool = kit.split("/")[2] ?? "";
      cpSync(resolve(ROOT, dirname(kit)), resolve(home, tool), { recursive: true });
    }
    for (const name of ["snippets.ts", "snippets"]) {
      cpSync(resolve(OWN_CONFIGURATOR, name), resolve(home, name), { recursive: true });
    }
    for (const name of [".ssh/id_ed25519", "keys/grace"]) {
      spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", resolve(home, name)]);
    }
    // As `init` leaves them: configurators look at the trees that a config names.
    for (const kit of listFiles("src/configurators/*/starter-kit")) {
      cpSync(resolve(ROOT, kit), resolve(home, basename(dirname(kit))), { recursive: true });
    }
  });

  test("there are some", () => {
    expect(configs.length).toBeGreaterThan(4);
  });

  test.each(configs)("$place passes every rule", async ({ language, text }) => {
    const file = resolve(home, `${createHash("sha256").update(text).digest("hex")}.${language}`);
    writeFileSync(file, text);
    const stack = await loadStack({ cwd: home, configPath: file, env: { HOME: home } });
    expect(stack.servers.length).toBeGreaterThan(0);
    if (stack.provider.name !== "local") return;
    // What `plan` would refuse.
    const tooSmall = stack.servers.flatMap(({ name, size }) => {
      const found = size === undefined ? findSize(DEFAULT_SIZE) : sizeOf(size, LOCAL_SIZES);
      const memoryMb = found?.memoryMb ?? 0;
      return memoryMb === 0 || memoryMb >= memoryNeedMb(stack, name) ? [] : [name];
    });
    expect(tooSmall, "servers with too little memory for the configurator").toEqual([]);
  });
});

describe("command lines", () => {
  const help = new Map<string, string>();

  beforeAll(async () => {
    for (const name of Object.keys(COMMANDS)) {
      if (name !== "help") help.set(name, await helpOf(name));
    }
    for (const name of Object.keys(CONFIGURATOR_COMMANDS)) {
      help.set(`configurator ${name}`, await helpOf("configurator", name));
    }
  });

  test("name commands and flags that exist", () => {
    const lines = findCommandLines();
    expect(lines.length).toBeGreaterThan(40);
    const problems = lines.flatMap(({ place, words }) => {
      const [first = "", ...rest] = words;
      if (/^(--help|--version|-h|-V|COMMAND)$/.test(first)) return [];
      if (!isCommandName(first)) return [`${place}: no command "${first}"`];
      const [second = "…"] = rest;
      const isNested = first === "configurator" && second !== "…";
      const name = isNested ? `${first} ${second}` : first;
      const others = isNested ? rest.slice(1) : rest;
      if (!help.has(name) && name !== "help") return [`${place}: no command "${name}"`];
      const known = help.get(name) ?? "";
      const end = others.indexOf("--");
      return others
        .slice(0, end === -1 ? others.length : end)
        .filter((word) => /^--?[a-zA-Z]/.test(word) && word !== "--help")
        .map((word) => word.replace(/=.*/, ""))
        .filter((flag) => !new RegExp(`(^|[\\s,|[(])${flag}(?![\\w-])`, "m").test(known))
        .map((flag) => `${place}: \`bootmachine ${name}\` has no ${flag}`);
    });
    expect(problems).toEqual([]);
  });
});

describe("links", () => {
  test("between files and to headings lead somewhere", () => {
    const broken = pages.flatMap(({ path, text }) => {
      const prose = text.replace(/^```.*?^```$/gms, "");
      return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1] ?? "")
        .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(path, link))
        .map((link) => `${path}: ${link}`);
    });
    expect(broken).toEqual([]);
  });

  test("every page of docs/ can be reached from the README", () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      const text = pages.find((page) => page.path === path)?.text ?? "";
      for (const match of text.matchAll(/\]\(([^)\s#]+\.md)(#[^)]*)?\)/g)) {
        const target = resolve("/", dirname(path), match[1] ?? "").slice(1);
        visit(target);
      }
    };
    visit("README.md");
    expect(pages.map(({ path }) => path).filter((path) => !seen.has(path))).toEqual([]);
  });
});

describe("error codes", () => {
  const reference = pages.find(({ path }) => path === "docs/reference/errors.md")?.text ?? "";
  const documented = [...reference.matchAll(/^#+ `?([A-Z][A-Z0-9_]+)`?\s*$/gm)].map(
    (match) => match[1] ?? "",
  );

  test("are all in docs/reference/errors.md, and no other is", () => {
    expect(documented.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  test("that the docs speak of exist", () => {
    const unknown = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/`bootmachine explain ([A-Z_]+)`/g)]
        .map((match) => match[1] ?? "")
        .filter((code) => code !== "CODE" && !(code in ERROR_CODES))
        .map((code) => `${path}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  test("are all used by the source", () => {
    const source = listFiles("src/**/*.ts")
      .filter((path) => path !== "src/errors/codes.ts")
      .map((path) => readFileSync(resolve(ROOT, path), "utf8"))
      .join("\n");
    const entries = Object.entries(ERROR_CODES) as readonly (readonly [string, ErrorCodeEntry])[];
    // Codes of providers are part of their contract: plug-ins from elsewhere throw them as well.
    const unused = entries
      .filter(([code, { kind }]) => kind !== "provider" && !source.includes(code))
      .map(([code]) => code);
    expect(unused).toEqual([]);
  });
});

interface CommandLine {
  readonly place: string;
  /** The words after `bootmachine`. */
  readonly words: readonly string[];
}

/** Command lines in shell blocks (with or without a prompt) and in inline code. */
function findCommandLines(): readonly CommandLine[] {
  const inBlocks = blocks
    .filter(({ language }) => /^(sh|bash|console)$/.test(language))
    .flatMap(({ place, language, text }) =>
      text
        .split("\n")
        .filter((line) => language !== "console" || line.startsWith("$ "))
        .map((line) => line.replace(/^\$ /, "").replace(/\s+#.*$/, ""))
        .flatMap((line) => line.split(/\s(?:&&|\||;)\s/))
        .map((line) => /^(?:npx )?bootmachine (.+)$/.exec(line.trim())?.[1])
        .filter((line) => line !== undefined)
        .map((line) => ({ place, words: split(line) })),
    );
  const inline = pages
    // The reference is generated from the commands themselves.
    .filter(({ path }) => !path.startsWith("docs/reference/"))
    .flatMap(({ path, text }) =>
      [...text.replace(/^```.*?^```$/gms, "").matchAll(/`(?:npx )?bootmachine ([^`]+)`/g)].map(
        (match) => ({
          place: path,
          words: split(match[1] ?? ""),
        }),
      ),
    );
  return [...inBlocks, ...inline];
}

function split(line: string): readonly string[] {
  return line
    .replace(/\s+>.*$/, "")
    .trim()
    .split(/\s+/);
}

async function helpOf(...names: readonly string[]): Promise<string> {
  let text = "";
  const stream = {
    isTTY: false,
    columns: 500,
    write: (part: string) => {
      text += part;
      return true;
    },
  };
  await runCli([...names, "--help"], {
    env: {},
    cwd: ROOT,
    version: "0",
    stdout: stream,
    stderr: stream,
    isInputTerminal: false,
    signal: new AbortController().signal,
    hardSignal: new AbortController().signal,
  });
  return text;
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", heading] = link.split("#");
  const target = file === "" ? from : resolve("/", dirname(from), file).slice(1);
  if (!existsSync(resolve(ROOT, target))) return false;
  if (heading === undefined || !target.endsWith(".md")) return true;
  const text = readFileSync(resolve(ROOT, target), "utf8");
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
  return anchors.includes(heading);
}
