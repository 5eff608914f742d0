/** A duration for people: "0.4 s", "12 s", "3:07", "1:02:33". */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 9950) return `${(whole / 1000).toFixed(1)} s`;
  if (whole < 59_500) return `${Math.round(whole / 1000)} s`;
  return formatClock(whole);
}

/** A running clock: "0:07", "12:41", "1:02:33". */
export function formatClock(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** How long ago, in one unit: "40 s", "12 min", "5 h", "9 d". */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** "1 server", "3 servers". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
