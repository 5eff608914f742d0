import { renderSizes, searchSizes } from "../../report/choices.ts";
import { choiceOptions } from "../choice-options.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { openFleet } from "../open-fleet.ts";
import { printJson, printAdvice } from "../print.ts";
import { warnOnly } from "../warn-only.ts";
import type { ImagesFlags } from "./images.ts";

export interface SizesFlags extends ImagesFlags {
  readonly cpus?: number;
  readonly memory?: number;
  readonly disk?: number;
}

export async function sizes(
  context: CliContext,
  flags: SizesFlags,
  ...words: readonly string[]
): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const list = await fleet.sizes();
  const needs = { cpus: flags.cpus, memoryGb: flags.memory, diskGb: flags.disk };
  if (flags.json) printJson(context, searchSizes(list, words, needs));
  else printAdvice(context, renderSizes(list, { ...choiceOptions(context, flags, words), needs }));
  return 0;
}
