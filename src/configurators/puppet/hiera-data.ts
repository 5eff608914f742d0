import { Document, isScalar, visit } from "yaml";

import type { ServerData } from "../contract.ts";

/**
 * A server's data for hiera, under `bootmachine::server`.
 *
 * Ruby reads YAML 1.1, where an unquoted `yes`, `12:30` or `:name` is no text: every text is quoted, or a literal block where
 * it has lines. Hiera replaces `%{…}` in data: that is taken out of its hands.
 */
export function hieraData(data: ServerData): string {
  const document = new Document({ "bootmachine::server": data }, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, node) {
      if (typeof node.value !== "string" || key === "key" || !isScalar(node)) return;
      const text = node.value.replaceAll("%{", "%{literal('%')}{");
      node.value = text;
      node.type = text.includes("\n") ? "BLOCK_LITERAL" : "QUOTE_DOUBLE";
    },
  });
  return `# Written by bootmachine from the stack's config, in every run.\n${document.toString({ lineWidth: 0 })}`;
}
