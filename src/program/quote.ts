import { InternalError } from "../errors/error.ts";

/** Words that mean themselves in every shell; anything else is put in single quotes. */
const PLAIN = /^[A-Za-z0-9_/.,:@%+-]+$/;

/**
 * Quotes text as one word of POSIX shell.
 *
 * @throws InternalError where the text holds a NUL byte, which no shell word can hold.
 */
export function quote(text: string): string {
  if (text.includes("\0")) {
    throw new InternalError("Text with a NUL byte cannot stand in a shell program.");
  }
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
