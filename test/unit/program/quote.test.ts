import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { InternalError } from "../../../src/errors/error.ts";
import { quote } from "../../../src/program/quote.ts";
import { textFunction } from "../../../src/program/text-function.ts";
import { PREAMBLE } from "../../../src/program/shell/report-functions.ts";
import { runShell, SHELLS } from "./shells.ts";

/** Any text without NUL, with more of what shells care about than chance would give. */
const TEXT = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "'",
        '"',
        "`",
        "$",
        "$(id)",
        "${x}",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "!",
        "*",
        "~",
        "#",
        "-n",
        "%s",
        "&",
        ";",
        "\t",
        " ",
        "BOOTMACHINE",
        "BOOTMACHINE\n",
        "BOOTMACHINEé\n",
        "\u0081\u0088",
        "é",
        "\u{1F600}",
        "=",
        "{a,b}",
        "[x]",
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join("").replaceAll("\0", "").toWellFormed());

/** Runs of one shell for many texts at once: a process for each text would take minutes. */
const BATCH = fc.array(TEXT, { minLength: 1, maxLength: 200 });
/** Stands between two texts; none of them has it. */
const BETWEEN = "\u0001=between=\u0001\n";

describe.each(SHELLS)("$name", (shell) => {
  test("a quoted text is one word that means itself", () => {
    fc.assert(
      fc.property(BATCH, (texts) => {
        const script = texts.map((text) => `put ${quote(text)} ${quote(text)}\n`).join("");
        const { stdout, stderr } = runShell(shell, [
          "-c",
          `${PREAMBLE}\nput() { [ $# -eq 2 ] && p_text "$2"; p_text ${quote(BETWEEN)}; }\neval "$1"`,
          "sh",
          script,
        ]);
        expect(stderr).toBe("");
        expect(stdout.toString("utf8")).toBe(texts.map((text) => text + BETWEEN).join(""));
      }),
      { numRuns: 15 },
    );
  });

  test("a text function writes its text byte for byte", () => {
    fc.assert(
      fc.property(BATCH, (texts) => {
        const script = texts
          .map((text) => `${textFunction("p_x", text)}\np_x\np_text ${quote(BETWEEN)}\n`)
          .join("");
        const { stdout, stderr } = runShell(shell, [], { input: `${PREAMBLE}\n${script}` });
        expect(stderr).toBe("");
        expect(stdout.toString("utf8")).toBe(texts.map((text) => text + BETWEEN).join(""));
      }),
      { numRuns: 10 },
    );
  });
});

test.each(SHELLS)("$name loses nothing of a line that begins as a here-document ends", (shell) => {
  const lines = ["Bücher", "BOOTMACHINEé", "BOOTMACHINE", "END_OF_é", "Eé", "_LASTé", "é"];
  // Each by itself, two that rule out a word each, and all together, for which no word is left.
  for (const text of [...lines, "Bücher\nEé", lines.join("\n")].map((one) => `${one}\n`)) {
    const input = `${PREAMBLE}\n${textFunction("p_x", text)}\np_x\n`;
    expect(runShell(shell, [], { input }).stdout.toString("utf8")).toBe(text);
  }
});

test("a NUL byte is refused: no shell word can hold it", () => {
  expect(() => quote("a\0b")).toThrow(InternalError);
});

test("plain words stay readable", () => {
  expect(quote("/etc/ssh/sshd_config")).toBe("/etc/ssh/sshd_config");
  expect(quote("")).toBe("''");
  expect(quote("it's")).toBe(String.raw`'it'\''s'`);
});
