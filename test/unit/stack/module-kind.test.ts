import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { NODE } from "../cli/start-program.ts";
import { makeDirectory } from "./support/config-directory.ts";

const NATIVELY = resolve(import.meta.dirname, "../../../src/stack/import-natively.ts");

/** Loads `file` in a process of its own, whose warnings are seen, and gives what its default export is. */
function loadIn(
  files: Readonly<Record<string, string>>,
  file: string,
): { readonly value: unknown; readonly stderr: string } {
  const directory = makeDirectory(files);
  const program = `
    import { pathToFileURL } from "node:url";
    const { importAnew } = await import(pathToFileURL(${JSON.stringify(NATIVELY)}).href);
    const module = await importAnew(pathToFileURL(${JSON.stringify(join(directory, file))}).href);
    console.log(JSON.stringify(await module.default));`;
  const { stdout, stderr } = spawnSync(NODE, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    cwd: directory,
    timeout: 50_000,
  });
  return { value: stdout === "" ? undefined : (JSON.parse(stdout) as unknown), stderr };
}

const HELPERS = {
  "users.ts": 'import { KEY } from "./deep/key.js";\nexport const users: string[] = [KEY];\n',
  "deep/key.js": 'export const KEY = "one";\n',
  "old.cjs": 'module.exports = "two";\n',
  "older.cts": 'const text: string = "three";\nmodule.exports = text;\n',
  "new.mts": 'export const text: string = "four";\n',
};
const IMPORTS = `import { users } from "./users.ts";
import old from "./old.cjs";
import older from "./older.cts";
import { text } from "./new.mts";
`;

const COMMONJS = ["commonjs", { "package.json": '{ "type": "commonjs" }' }] as const;
const MODULE = ["module", { "package.json": '{ "type": "module" }' }] as const;
const NO_TYPE = ["no type", { "package.json": "{}" }] as const;
const NO_PACKAGE = ["no package.json", {}] as const;

describe.each([COMMONJS, MODULE, NO_TYPE, NO_PACKAGE])("in a folder of type: %s", (_, base) => {
  it.each(["bootmachine.config.ts", "bootmachine.config.js", "bootmachine.config.mts"])(
    "an ES module %s loads with the files that it imports, and no word on standard error",
    (name) => {
      const typed = name.endsWith("ts") ? " as unknown" : "";
      const text = `${IMPORTS}export default [...users, old, older, text]${typed};\n`;
      expect(loadIn({ ...base, ...HELPERS, [name]: text }, name)).toEqual({
        value: ["one", "two", "three", "four"],
        stderr: "",
      });
    },
  );
});

describe.each([COMMONJS, NO_TYPE, NO_PACKAGE])("in a folder of type: %s", (_, base) => {
  it.each(["bootmachine.config.ts", "bootmachine.config.js"])(
    "a CommonJS %s loads as well",
    (name) => {
      const text = 'const { a } = require("./a.cjs");\nmodule.exports = { a };\n';
      expect(loadIn({ ...base, "a.cjs": "exports.a = 1;\n", [name]: text }, name)).toEqual({
        value: { a: 1 },
        stderr: "",
      });
    },
  );
});
