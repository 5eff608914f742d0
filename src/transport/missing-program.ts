import { RefusedError } from "../errors/error.ts";

/** Is it the error of a program that this computer does not have? */
export function isMissingProgram(error: Error): boolean {
  return "code" in error && error.code === "ENOENT";
}

/** Nothing that is tried again mends it, and it says nothing of any host. */
export function missingProgram(program: string, cause: Error, server?: string): RefusedError {
  return new RefusedError(
    "PREREQUISITE_MISSING",
    `The program \`${program}\` is not on this computer.`,
    {
      cause,
      hint: "Install OpenSSH's client (package openssh-client, or openssh).",
      ...(server === undefined ? {} : { server }),
    },
  );
}
