import type { Operation } from "../distros/contract.ts";
import { InternalError } from "../errors/error.ts";
import { quote } from "./quote.ts";

/**
 * One operation of a distro as shell text that runs by itself, outside of a program.
 *
 * @throws InternalError where the distro says that the operation is impossible.
 */
export function operationScript(operation: Operation, args: readonly string[] = []): string {
  if ("impossible" in operation) throw new InternalError(operation.impossible);
  return `bm_operation() {\n${operation.sh}\n}\nbm_operation${args.map((arg) => ` ${quote(arg)}`).join("")}\n`;
}
