import { spawn } from "node:child_process";
import { constants } from "node:os";

import { TransportError } from "../errors/error.ts";
import { isMissingProgram, missingProgram } from "./missing-program.ts";

/**
 * Hands the terminal to an ssh command line and answers with its exit status (128 and the signal's number where
 * a signal ended it).
 *
 * @param argv the program and its arguments, as `Transport.command` makes them
 * @throws RefusedError PREREQUISITE_MISSING; TransportError SSH_FAILED when the program cannot be started
 */
export function runInteractiveSsh(argv: readonly string[]): Promise<number> {
  const [program = "ssh", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    child.on("error", (cause) =>
      reject(
        isMissingProgram(cause)
          ? missingProgram(program, cause)
          : new TransportError("SSH_FAILED", `"${program}" cannot be started: ${cause.message}`, {
              cause,
            }),
      ),
    );
    child.on("exit", (status, signal) =>
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
