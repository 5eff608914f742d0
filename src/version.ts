import { readFileSync } from "node:fs";

/** The version in our own package.json, which lies one directory up in the source and in the package. */
export function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
