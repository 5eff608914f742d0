/** What a call does at the cloud; there are clouds that count the two apart. */
export type CallKind = "read" | "write";

/** At most so many calls in any such time. */
export interface CallLimit {
  readonly calls: number;
  readonly windowMs: number;
  readonly counts: CallKind | "all";
}

/** What options say of limits; what is not given is no limit. */
export interface CallCounts {
  readonly callsPerHour?: number | undefined;
  readonly readsPerMinute?: number | undefined;
  readonly writesPerMinute?: number | undefined;
}

export function callLimits(counts: CallCounts): readonly CallLimit[] {
  const { callsPerHour, readsPerMinute, writesPerMinute } = counts;
  return [
    limit("all", 3_600_000, callsPerHour),
    limit("read", 60_000, readsPerMinute),
    limit("write", 60_000, writesPerMinute),
  ].flat();
}

function limit(
  counts: CallLimit["counts"],
  windowMs: number,
  calls: number | undefined,
): readonly CallLimit[] {
  return calls === undefined ? [] : [{ calls, windowMs, counts }];
}
