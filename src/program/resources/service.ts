import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { ServiceResource } from "../resource.ts";

/** Started at boot, running, both or neither: only what is asked for is looked at. */
export function compileService(
  resource: ServiceResource,
  context: CompileContext,
): CompiledResource {
  const name = quote(resource.name);
  const check: string[] = ["p_status=0"];
  const mend: string[] = [];
  const keep = (
    isWanted: boolean,
    isSo: "serviceIsEnabled" | "serviceIsRunning",
    change: "serviceEnable" | "serviceDisable" | "serviceStart" | "serviceStop",
    words: readonly [found: string, wanted: string],
  ): void => {
    const differs = `${isWanted ? "! " : ""}(${context.operation(isSo)} ${name}) >/dev/null 2>&1`;
    check.push(
      `if ${differs}; then p_diff_line ${quote(`-${words[0]}`)} ${quote(`+${words[1]}`)}; p_status=1; fi`,
    );
    mend.push(`if ${differs}; then (${context.operation(change)} ${name}) || return; fi`);
  };
  const { enabled, running } = resource;
  const start = (): void => {
    if (running === true) {
      keep(true, "serviceIsRunning", "serviceStart", ["stopped", "running"]);
    } else if (running === false) {
      keep(false, "serviceIsRunning", "serviceStop", ["running", "stopped"]);
    }
  };
  // What is not to run is stopped before it is taken from the boot.
  if (running === false) start();
  if (enabled === true) {
    keep(true, "serviceIsEnabled", "serviceEnable", ["not started at boot", "started at boot"]);
  } else if (enabled === false) {
    keep(false, "serviceIsEnabled", "serviceDisable", ["started at boot", "not started at boot"]);
  }
  if (running === true) start();
  check.push('return "$p_status"');
  return { check, mend: [...mend, ":"] };
}
