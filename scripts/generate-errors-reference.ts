// Writes docs/reference/errors.md from the table of error codes.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { ERROR_CODES, type ErrorCodeEntry, type ErrorKind } from "../src/errors/codes.ts";

const KINDS: Readonly<Record<ErrorKind, { readonly title: string; readonly text: string }>> = {
  user: { title: "Your input", text: "Nothing was touched. Exit status 2." },
  refused: { title: "Refused", text: "A safety check said no. Exit status 3." },
  provider: { title: "Provider", text: "The provider failed, or said no. Exit status 1." },
  transport: { title: "The way to a host", text: "Exit status 1." },
  remote: { title: "On a host", text: "Something failed on the host itself. Exit status 1." },
  timeout: { title: "Time limits", text: "Exit status 1." },
  cancelled: { title: "Cancelled", text: "Exit status 130." },
  internal: { title: "Defects", text: "Exit status 70." },
};

const entries = Object.entries(ERROR_CODES) as readonly (readonly [string, ErrorCodeEntry])[];

const page = [
  "# Errors",
  "",
  "<!-- Generated from src/errors/codes.ts by `npm run generate`; changes made here are lost. -->",
  "",
  "Every error that bootmachine reports on purpose has one of these codes. `bootmachine explain CODE` says the same.",
  "",
  ...Object.entries(KINDS).flatMap(([kind, { title, text }]) => [
    `## ${title}`,
    "",
    text,
    "",
    ...entries
      .filter(([, entry]) => entry.kind === kind)
      .flatMap(([code, entry]) => [
        `### \`${code}\``,
        "",
        entry.means,
        "",
        `What to do: ${entry.todo}`,
        "",
      ]),
  ]),
];
writeFileSync(
  resolve(import.meta.dirname, "../docs/reference/errors.md"),
  `${page.join("\n").trimEnd()}\n`,
);
