import { RefusedError } from "../../errors/error.ts";
import type { Stack } from "../../stack/stack.ts";

/** @throws RefusedError CAPABILITY_MISSING where the stack has no configuration-management tool */
export function requireConfigurator(stack: Stack): void {
  if (stack.configurator.topology !== "none") return;
  throw new RefusedError("CAPABILITY_MISSING", `The stack ${stack.name} has no configurator.`, {
    hint: "Set `configurator` in the config. There are salt, puppet, chef, ansible and script.",
  });
}
