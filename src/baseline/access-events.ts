/** The steps of the access change, in order; `rolled-back` when the host went back to the old way. */
export type AccessChangeStep = "arm" | "open" | "prove" | "close" | "confirm" | "disarm";

/** A step is about to begin (`started`), or has been done, or failed. The fleet's access event without its time. */
export interface AccessChangeEvent {
  readonly type: "access";
  readonly server: string;
  readonly step: AccessChangeStep | "rolled-back";
  readonly state: "started" | "done" | "failed";
  readonly text: string;
}

export type EmitAccess = (event: AccessChangeEvent) => void;
