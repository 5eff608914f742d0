/** How a piece of text is meant; colour never carries a meaning that the words do not. */
export type Tone = "strong" | "quiet" | "good" | "bad" | "warn" | "name";

export interface Span {
  readonly text: string;
  readonly tone?: Tone;
}

/** Turns a tone into what the terminal shows. */
export type Style = (text: string, tone: Tone) => string;

const CODES: Record<Tone, readonly [open: number, close: number]> = {
  strong: [1, 22],
  quiet: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  name: [36, 39],
};

export const plainStyle: Style = (text) => text;

export const colorStyle: Style = (text, tone) => {
  if (text === "") return "";
  const [open, close] = CODES[tone];
  return `\u001B[${open}m${text}\u001B[${close}m`;
};
