import type { FleetEvent } from "../fleet/events.ts";
import { sanitize, truncate } from "./display-width.ts";
import { renderFailure } from "./error-text.ts";
import { wrapLine } from "./fit-line.ts";
import { LiveArea } from "./live-area.ts";
import { renderLiveView } from "./live-view.ts";
import type { Reporter, ReportStream } from "./reporter.ts";
import { EMPTY_RUN, reduceRun, type RunView } from "./run-view.ts";
import { renderShared } from "./shared-text.ts";
import type { Style } from "./style.ts";

/** At most so many frames a second, and one a second for the clock when nothing happens. */
const FRAME_MS = 100;
const CLOCK_MS = 1000;

/** The live view on a terminal: failures and warnings stay above it, as they happen. */
export class LiveReporter implements Reporter {
  view: RunView = EMPTY_RUN;
  private readonly stream: ReportStream;
  private readonly style: Style;
  private readonly clock: () => number;
  private readonly area: LiveArea;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly onResize = (): void => {
    this.area.invalidate();
    this.drawNow();
  };

  /** @param clock milliseconds since 1970, on the clock of the events */
  constructor(
    stream: ReportStream,
    options: { readonly style: Style; readonly clock: () => number },
  ) {
    this.stream = stream;
    this.style = options.style;
    this.clock = options.clock;
    this.area = new LiveArea(stream);
    stream.on?.("resize", this.onResize);
  }

  onEvent(event: FleetEvent): void {
    this.view = reduceRun(this.view, event);
    if (event.type === "run-started") this.drawNow();
    if (event.type === "error" && event.server !== undefined && event.error.kind !== "cancelled") {
      this.keep(renderFailure({ ...event.error, server: event.server }, this.style));
    }
    if (event.type === "shared") this.keep([renderShared(event)]);
    if (event.type === "note" && event.level === "warning") {
      const server = event.server === undefined ? "" : `${this.style(event.server, "name")}: `;
      this.keep([
        `${this.style("warning", "warn")} ${server}${truncate(sanitize(event.text), 2000)}`,
      ]);
    }
    if (event.type !== "run-ended") this.schedule(FRAME_MS);
  }

  onCancelling(): void {
    this.view = { ...this.view, isCancelling: true };
    this.drawNow();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.stream.off?.("resize", this.onResize);
    this.area.close();
  }

  /** Lines that stay above the view, broken between words. */
  private keep(lines: readonly string[]): void {
    const columns = this.stream.columns ?? 80;
    this.area.print(lines.flatMap((line) => wrapLine(line, columns)));
  }

  private schedule(delayMs: number): void {
    if (this.isClosed) return;
    if (this.timer !== undefined) {
      if (delayMs >= CLOCK_MS) return;
      if (this.isFrameDue) return;
      clearTimeout(this.timer);
    }
    this.isFrameDue = delayMs < CLOCK_MS;
    this.timer = setTimeout(() => this.drawNow(), delayMs);
    // The view never keeps the process alive.
    this.timer.unref();
  }

  private isFrameDue = false;

  private drawNow(): void {
    if (this.isClosed || this.view.startedAt === 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.area.draw(
      renderLiveView(this.view, {
        columns: this.stream.columns ?? 80,
        rows: this.stream.rows ?? 24,
        now: Math.max(this.clock(), this.view.lastAt),
        style: this.style,
      }),
    );
    this.schedule(CLOCK_MS);
  }
}
