// Writes docs/reference/errors.md from the table of error codes. A test fails where the two differ.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { ERROR_CODES, type ErrorCodeEntry, type ErrorKind } from "../src/errors/codes.ts";

export const ERRORS_REFERENCE = resolve(import.meta.dirname, "../docs/reference/errors.md");

const KINDS: Readonly<Record<ErrorKind, string>> = {
  user: "Your input is wrong, and nothing was touched. Exit status 2.",
  refused: "A safety check said no. Exit status 3.",
  provider: "The provider failed or said no. Exit status 1.",
  transport: "The way to the host failed. Exit status 1.",
  remote: "Something failed on the host itself. Exit status 1.",
  timeout: "A wait reached its limit. Exit status 1.",
  computer: "The computer on which bootmachine runs failed. Exit status 1.",
  cancelled: "The run was cancelled. Exit status 130.",
  internal: "A defect of bootmachine. Exit status 70.",
};

export function renderErrorsReference(): string {
  const entries = Object.entries(ERROR_CODES) as [string, ErrorCodeEntry][];
  const sections = (Object.entries(KINDS) as [ErrorKind, string][]).flatMap(([kind, sentence]) => [
    `## ${kind}`,
    "",
    sentence,
    "",
    ...entries
      .filter(([, entry]) => entry.kind === kind)
      .flatMap(([code, entry]) => [
        `### ${code}`,
        "",
        entry.means,
        "",
        `What to do: ${entry.todo}`,
        "",
      ]),
  ]);
  return [
    "<!-- Made by scripts/generate-errors-reference.ts; do not edit. -->",
    "",
    "# Error codes",
    "",
    "Every error has a code. `bootmachine explain CODE` prints what stands here.",
    "",
    ...sections,
  ].join("\n");
}

if (import.meta.main) writeFileSync(ERRORS_REFERENCE, renderErrorsReference());
