import type {
  Configurator,
  ConfiguratorCheck,
  ConfiguratorContext,
} from "../configurators/contract.ts";
import type { InsideCheck } from "./inside-checks.ts";

/** What the configurator claims about its own part of the server, and `more` that holds for every tool, as checks of the proof. */
export function configuratorChecks(
  configurator: Configurator,
  context: ConfiguratorContext,
  more: readonly ConfiguratorCheck[] = [],
): readonly InsideCheck[] {
  return [...configurator.verify(context), ...more].map(({ id, title, resource }) => ({
    check: {
      id: `configurator-${id}`,
      title,
      reason: `From here on ${configurator.name} is in charge of the server: where it does not work, nothing is kept as declared.`,
      from: "inside",
      severity: "error",
      todo: "`bootmachine up --configure` brings it back; `bootmachine configurator agents` shows who is enrolled.",
    },
    resource: { ...resource, id: `configurator: ${id}`, showCheckOutput: true },
    part: "configurator",
  }));
}
