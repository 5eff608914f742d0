import type { FleetEvent } from "../fleet/events.ts";
import type { RunView } from "./run-view.ts";

/** Takes the events of a run, in order, and shows them somewhere. */
export interface Reporter {
  onEvent(event: FleetEvent): void;
  /** The user asked to stop: says so, and what a second time does. */
  onCancelling(): void;
  /** Ends the live part; the screen is the caller's again. Idempotent. */
  close(): void;
  /** What is known of the run by now. */
  readonly view: RunView;
}

/** Where a reporter writes. */
export interface ReportStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}
