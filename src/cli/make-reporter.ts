import { JsonReporter } from "../report/json-reporter.ts";
import { LiveReporter } from "../report/live-reporter.ts";
import { PlainReporter } from "../report/plain-reporter.ts";
import type { Reporter } from "../report/reporter.ts";
import type { CliContext } from "./context.ts";
import type { OutputFlags } from "./flags.ts";
import { styleFor } from "./output-style.ts";
import { namingCommands } from "./own-name.ts";

/** The live view on a terminal, plain lines in a pipe, events with --json; it says so when the run is being cancelled. */
export function makeReporter(context: CliContext, flags: OutputFlags): Reporter {
  const chosen = chooseReporter(context, flags);
  const reporter = flags.json ? chosen : namingCommands(chosen, context.env);
  context.signal.addEventListener("abort", () => reporter.onCancelling(), { once: true });
  return reporter;
}

function chooseReporter(context: CliContext, flags: OutputFlags): Reporter {
  if (flags.json) {
    return new JsonReporter(context.stdout, () => {
      context.told.runError = true;
    });
  }
  const style = styleFor(context.stdout, context.env, flags.color);
  const isLive =
    context.stdout.isTTY === true &&
    !flags.plain &&
    !flags.verbose &&
    context.env["TERM"] !== "dumb";
  if (isLive) return new LiveReporter(context.stdout, { style, clock: Date.now });
  return new PlainReporter(context.stdout, { style, verbose: flags.verbose });
}
