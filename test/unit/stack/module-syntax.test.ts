import { describe, expect, it } from "vitest";

import { hasModuleSyntax } from "../../../src/stack/module-syntax.ts";

describe("an ES module is known by its syntax", () => {
  it.each([
    'import { a } from "a";',
    'import "a";',
    'import * as a from "a"',
    "const a = 1\nexport default a",
    "const a=1;export{a as default}",
    "export const a = 1;",
    '#!/usr/bin/env node\n// first\n/* second */ import a from "a";',
    'import type from "a";',
    'import type { A } from "a";\nexport default {} satisfies A;',
    "const a = /export/.test('x') ? `${'`'}` : 1;\nexport default a;",
    "const here = import.meta.url;",
    "const half = total / 2; const quarter = half / 2;\nexport { quarter };",
  ])("%j is one", (text) => {
    expect(hasModuleSyntax(text)).toBe(true);
  });

  it.each([
    "",
    "module.exports = { a: 1 };",
    "exports.a = 1;",
    'const a = require("a");\nmodule.exports = a;',
    '// import a from "a";\n/*\nexport default 1;\n*/\nmodule.exports = 1;',
    "module.exports = `\nexport default 1;\nimport a from 'a';\n`;",
    "module.exports = /export default/;",
    'module.exports = async () => (await import("a")).default;',
    'import("a").then(console.log);',
    "module.exports = { import: 1, export: 2 };",
    "a.export = 1; a.import = 2;",
    'import type { A } from "a";\nconst a: A = {};\nmodule.exports = a;',
    "export type A = 1;\nmodule.exports = 1;",
    "export interface A { a: 1 }\nmodule.exports = 1;",
    "module.exports = { a: [1, ",
    "const a = 'unfinished",
  ])("%j is none", (text) => {
    expect(hasModuleSyntax(text)).toBe(false);
  });
});
