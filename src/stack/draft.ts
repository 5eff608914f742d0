/**
 * A config of which the broken parts are missing: what the rules look at, so that one bad line does not
 * hide the problems of the others. In lists a broken item is undefined, and keeps its index.
 */
export type Draft<T> = T extends (...args: never) => unknown
  ? T
  : T extends { readonly kind: "provider" | "configurator" | "distro" }
    ? T
    : T extends readonly (infer Item)[]
      ? readonly (Draft<Item> | undefined)[]
      : T extends object
        ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
        : T;

/** The items of a list that are there, with their index. */
export function presentItems<T>(
  items: readonly (T | undefined)[] | undefined,
): readonly (readonly [index: number, item: T])[] {
  const present: (readonly [number, T])[] = [];
  for (const [index, item] of (items ?? []).entries()) {
    if (item !== undefined) present.push([index, item]);
  }
  return present;
}

/** The texts of a list of texts that are there. */
export function presentTexts(
  items: readonly (string | undefined)[] | undefined,
): readonly string[] {
  return (items ?? []).filter((item) => item !== undefined);
}
