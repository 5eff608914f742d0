import type { ProblemRecord } from "../errors/error.ts";

/** Where in the config: keys and 0-based indexes. The empty path is the whole config. */
export type ConfigPath = readonly (string | number)[];

/** One broken rule, before its place in the file is looked up. */
export interface Problem {
  readonly path: ConfigPath;
  readonly message: string;
  /** The way out. */
  readonly hint?: string;
  /** The key itself is wrong (unknown), not its value: the place shown is the key's. */
  readonly isAboutKey?: boolean;
  /** The controller has no usable private key: told apart, because it has an error code of its own. */
  readonly isAboutIdentity?: boolean;
}

/** How a rule says that it is broken. */
export type ReportProblem = (problem: Problem) => void;

/** A place in a file, both 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds a path's place in the config file; undefined where it is not sure. */
export type LocatePath = (path: ConfigPath, isAboutKey: boolean) => Position | undefined;

/** `servers[2].ssh.port`; keys that are no identifiers are quoted. */
export function renderPath(path: ConfigPath): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(segment)) text += text === "" ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

/** Turns problems into records with their place in the file, in the order of the file, without doubles. */
export function recordProblems(
  problems: readonly Problem[],
  file: string,
  locate: LocatePath,
): readonly ProblemRecord[] {
  const seen = new Set<string>();
  const records: ProblemRecord[] = [];
  for (const problem of problems) {
    const path = renderPath(problem.path);
    const identity = `${path}\n${problem.message}`;
    if (seen.has(identity)) continue;
    seen.add(identity);
    const position = locate(problem.path, problem.isAboutKey ?? false);
    records.push({
      path,
      message: problem.message,
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      file,
      ...(position === undefined ? {} : { line: position.line, column: position.column }),
    });
  }
  // In the order of the file; what has no place comes last, in the order in which it was found.
  const order = (record: ProblemRecord): readonly [number, number] => [
    record.line ?? Number.MAX_SAFE_INTEGER,
    record.column ?? 0,
  ];
  return records.toSorted((a, b) => {
    const [lineA, columnA] = order(a);
    const [lineB, columnB] = order(b);
    return lineA - lineB || columnA - columnB;
  });
}

/**
 * Problems as lines for people: `FILE:LINE:COLUMN  PATH: MESSAGE`, the way out indented below.
 * The file is shown as `displayFile` gives it (default: as it stands in the record).
 */
export function formatProblems(
  problems: readonly ProblemRecord[],
  displayFile: (file: string) => string = (file) => file,
): string[] {
  const lines: string[] = [];
  for (const problem of problems) {
    let place = problem.file === undefined ? "" : displayFile(problem.file);
    if (place !== "" && problem.line !== undefined) {
      place += `:${problem.line}`;
      if (problem.column !== undefined) place += `:${problem.column}`;
    }
    const subject = problem.path === "" ? problem.message : `${problem.path}: ${problem.message}`;
    lines.push(place === "" ? subject : `${place}  ${subject}`);
    if (problem.hint !== undefined) lines.push(`    ${problem.hint}`);
  }
  return lines;
}
