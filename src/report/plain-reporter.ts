import type { FleetEvent } from "../fleet/events.ts";
import { renderPlain, type PlainOptions } from "./plain-lines.ts";
import type { Reporter, ReportStream } from "./reporter.ts";
import { EMPTY_RUN, reduceRun, type RunView } from "./run-view.ts";

/** Plain lines for a pipe: no cursor movement, each line whole. */
export class PlainReporter implements Reporter {
  view: RunView = EMPTY_RUN;
  private readonly stream: ReportStream;
  private readonly options: PlainOptions;
  /** The last step of each server: one that repeats is not worth a second line. */
  private readonly lastSteps = new Map<string, string>();

  constructor(stream: ReportStream, options: PlainOptions) {
    this.stream = stream;
    this.options = options;
  }

  onEvent(event: FleetEvent): void {
    this.view = reduceRun(this.view, event);
    if (event.type === "step") {
      if (this.lastSteps.get(event.server) === stepKind(event.text)) return;
      this.lastSteps.set(event.server, stepKind(event.text));
    }
    const lines = renderPlain(event, this.view, this.options);
    if (lines.length > 0) this.stream.write(lines.map((line) => `${line}\n`).join(""));
  }

  onCancelling(): void {
    this.stream.write("Cancelling: finishing the step in hand; a second signal stops at once.\n");
  }

  close(): void {
    // Nothing is open.
  }
}

/** A step without its numbers: "waiting (12 s)" and "waiting (13 s)" are the same one. */
function stepKind(text: string): string {
  return text.replaceAll(/\d+(?:[.:]\d+)*/g, "#");
}
