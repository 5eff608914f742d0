import type { FleetEvent } from "../fleet/events.ts";
import type { Reporter, ReportStream } from "./reporter.ts";
import { EMPTY_RUN, reduceRun, type RunView } from "./run-view.ts";

/** Each event as one line of JSON, and nothing else. */
export class JsonReporter implements Reporter {
  view: RunView = EMPTY_RUN;
  private readonly stream: ReportStream;

  private readonly onRunError: () => void;

  /** @param onRunError called when the error of the whole run has been written */
  constructor(stream: ReportStream, onRunError: () => void) {
    this.stream = stream;
    this.onRunError = onRunError;
  }

  onEvent(event: FleetEvent): void {
    this.view = reduceRun(this.view, event);
    this.stream.write(`${JSON.stringify(event)}\n`);
    if (event.type === "error" && event.server === undefined) this.onRunError();
  }

  onCancelling(): void {
    // The events say it: the phases end as cancelled.
  }

  close(): void {
    // Nothing is open.
  }
}
