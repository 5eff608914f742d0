import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from "yaml";

import type { ConfigPath } from "./problem.ts";

const offsetOf = (node: unknown): number | undefined =>
  isNode(node) && node.range !== undefined && node.range !== null ? node.range[0] : undefined;

/** Finds the offset of a path in YAML or JSON: of the value, or of its key; the nearest one above it where it is missing. */
export function locateInDocument(
  source: string,
): (path: ConfigPath, isAboutKey: boolean) => number | undefined {
  const document = parseDocument(source, { merge: true });
  return (path, isAboutKey) => {
    let node: unknown = document.contents;
    let offset = offsetOf(node);
    for (const [index, segment] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isScalar(item.key) && String(item.key.value) === String(segment),
        );
        if (pair === undefined) return offset;
        const isLast = index === path.length - 1;
        offset =
          (isLast && isAboutKey ? undefined : offsetOf(pair.value)) ?? offsetOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node) && typeof segment === "number") {
        node = node.items[segment];
        if (node === undefined) return offset;
        offset = offsetOf(node) ?? offset;
      } else return offset;
    }
    return offset;
  };
}
