import { renderImages, searchImages } from "../../report/choices.ts";
import { choiceOptions } from "../choice-options.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { ConfigFlags } from "../flags.ts";
import { openFleet } from "../open-fleet.ts";
import { printJson, printAdvice } from "../print.ts";
import { warnOnly } from "../warn-only.ts";

export interface ImagesFlags extends ConfigFlags {
  readonly all: boolean;
}

export async function images(
  context: CliContext,
  flags: ImagesFlags,
  ...words: readonly string[]
): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const list = await fleet.images();
  if (flags.json) printJson(context, searchImages(list, words));
  else printAdvice(context, renderImages(list, choiceOptions(context, flags, words)));
  return 0;
}
