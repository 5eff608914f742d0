import { colorStyle, plainStyle, type Style } from "../report/style.ts";
import type { OutputStream } from "./context.ts";

/** Colours where the stream is a terminal that has them and nobody said no (NO_COLOR, --no-color, TERM=dumb). */
export function styleFor(
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
  isColorWanted: boolean,
): Style {
  if (!isColorWanted || stream.isTTY !== true) return plainStyle;
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return plainStyle;
  return colorStyle;
}

/** The width to cut lines at: the terminal's, or none in a pipe. */
export function columnsOf(stream: OutputStream): number {
  return stream.isTTY === true ? (stream.columns ?? 80) : Infinity;
}
