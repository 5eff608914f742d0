import type { DistroOperations } from "../../distros/contract.ts";
import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";

/** What a distro keeps in one place, with an operation that asks and one that sets: host name, locale, time zone. */
export function compileSetting(
  value: string,
  is: keyof DistroOperations,
  set: keyof DistroOperations,
  context: CompileContext,
): CompiledResource {
  const word = quote(value);
  return {
    check: [
      `(${context.operation(is)} ${word}) >/dev/null 2>&1 && return 0`,
      `p_diff_line ${quote(`+${value}`)}`,
      "return 1",
    ],
    mend: [`${context.operation(set)} ${word}`],
  };
}
