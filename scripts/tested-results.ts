// What the tests on real servers have shown, for docs/reference/tested.md. What is tested how stands in the tests' own
// source; how it came out is collected from their results into test/lab/tested.json.
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { parseSync } from "oxc-parser";
import { z } from "zod";

export const ROOT = resolve(import.meta.dirname, "..");
export const TESTED_RESULTS = resolve(ROOT, "test/lab/tested.json");

const testedSchema = z.strictObject({
  what: z.string(),
  how: z.enum(["real", "look-alike"]),
  on: z.array(z.string()),
  note: z.string().optional(),
});

const resultSchema = z.strictObject({
  /** Path from the root. */
  file: z.string(),
  what: z.string(),
  passed: z.number(),
  failed: z.number(),
  /** Cases of a contract suite that this one cannot have, by title, each with its reason; they are not among the passed ones. */
  notApplicable: z.record(z.string(), z.string()).optional(),
});

export type Tested = z.infer<typeof testedSchema>;
export type TestedResult = z.infer<typeof resultSchema>;

export interface TestedDeclaration extends Tested {
  readonly file: string;
}

/** Every `tested({ … })` of the tests on real servers, by file. */
export function readDeclarations(): readonly TestedDeclaration[] {
  return globSync("test/lab/**/*.{lab,nightly}.test.ts", { cwd: ROOT })
    .toSorted()
    .flatMap((file) => {
      const text = readFileSync(resolve(ROOT, file), "utf8");
      return findCalls(parseSync(file, text).program).map((argument) => ({
        file,
        ...testedSchema.parse(valueOf(argument)),
      }));
    });
}

export function readResults(): readonly TestedResult[] {
  return z.array(resultSchema).parse(JSON.parse(readFileSync(TESTED_RESULTS, "utf8")));
}

/**
 * The results of one file's tests of something. A case that does not apply counts neither as passed nor as failed; that its
 * reason is not true does, as a failure.
 */
export function countResults(
  file: string,
  what: string,
  tests: readonly { readonly title: string; readonly status: string }[],
): TestedResult {
  const outcomes = tests.map(({ title, status }) => ({ status, ...splitTitle(title) }));
  const isPassed = ({ status }: { readonly status: string }): boolean => status === "passed";
  const notApplicable = outcomes.flatMap(({ bare, reason, status }) =>
    reason !== undefined && isPassed({ status }) ? [[bare, reason] as const] : [],
  );
  return {
    file,
    what,
    passed: outcomes.filter(isPassed).length - notApplicable.length,
    failed: outcomes.filter((outcome) => !isPassed(outcome)).length,
    ...(notApplicable.length === 0 ? {} : { notApplicable: Object.fromEntries(notApplicable) }),
  };
}

/** As it stands in the table. */
export function outcomeOf({ passed, failed, notApplicable = {} }: TestedResult): string {
  const others = Object.keys(notApplicable).length;
  return [
    `${passed} passed`,
    ...(failed === 0 ? [] : [`**${failed} failed**`]),
    ...(others === 0 ? [] : [`${others} not applicable`]),
  ].join(", ");
}

/** A test's title in two: a suite says behind it why the case does not apply. */
export function splitTitle(title: string): { readonly bare: string; readonly reason?: string } {
  const [, bare = title, reason] = /^(.*?)(?: \(not applicable: (.*)\))?$/.exec(title) ?? [];
  return reason === undefined ? { bare } : { bare, reason };
}

/** The first arguments of all calls of `tested`. */
function findCalls(node: unknown): readonly unknown[] {
  if (typeof node !== "object" || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(findCalls);
  const { type, callee, arguments: given } = node as Readonly<Record<string, unknown>>;
  const isCall = type === "CallExpression" && (callee as { name?: string }).name === "tested";
  return isCall ? [(given as readonly unknown[])[0]] : Object.values(node).flatMap(findCalls);
}

/** A literal's value. */
function valueOf(node: unknown): unknown {
  const { type, value, elements, properties } = node as {
    readonly type: string;
    readonly value?: unknown;
    readonly elements?: readonly unknown[];
    readonly properties?: readonly { readonly key: { readonly name: string }; value: unknown }[];
  };
  if (type === "Literal") return value;
  if (type === "ArrayExpression") return elements?.map(valueOf);
  if (type === "ObjectExpression") {
    return Object.fromEntries(
      properties?.map(({ key, value }) => [key.name, valueOf(value)]) ?? [],
    );
  }
  throw new Error(`tested() takes a literal, and ${type} is none`);
}
