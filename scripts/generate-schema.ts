import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { makeDocumentSchema } from "./document-schema.ts";

/** The file that editors and `bootmachine/schema.json` mean. */
export const SCHEMA_FILE = resolve(import.meta.dirname, "../schema/bootmachine.schema.json");

export async function renderSchema(): Promise<string> {
  return `${JSON.stringify(await makeDocumentSchema(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, await renderSchema());
