import type { FleetEvent } from "../fleet/events.ts";
import type { Reporter, ReportStream } from "./reporter.ts";
import { EMPTY_RUN, reduceRun, type RunView } from "./run-view.ts";

/** Each event as one line of JSON, and nothing else. */
export class JsonReporter implements Reporter {
  view: RunView = EMPTY_RUN;
  private readonly stream: ReportStream;

  constructor(stream: ReportStream) {
    this.stream = stream;
  }

  onEvent(event: FleetEvent): void {
    this.view = reduceRun(this.view, event);
    this.stream.write(`${JSON.stringify(event)}\n`);
  }

  onCancelling(): void {
    // The events say it: the phases end as cancelled.
  }

  close(): void {
    // Nothing is open.
  }
}
