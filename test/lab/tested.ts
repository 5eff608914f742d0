import { beforeEach } from "vitest";

/** What a file of tests on real servers shows to work, and how near to the real thing that was. */
export interface Tested {
  /** Such as "salt 3008". */
  readonly what: string;
  /** `look-alike`: something else stood in for a part of it; `note` says what. */
  readonly how: "real" | "look-alike";
  /** Systems of the servers: "Debian 12". */
  readonly on: readonly string[];
  readonly note?: string;
}

declare module "vitest" {
  interface TaskMeta {
    tested?: Tested;
  }
}

/**
 * Marks the tests of the file, or of the `describe` around it, so that their results carry it: docs/reference/tested.md
 * is made from them. The argument is a literal, since it is read from the source as well.
 */
export function tested(what: Tested): void {
  beforeEach(({ task }) => {
    task.meta.tested = what;
  });
}
