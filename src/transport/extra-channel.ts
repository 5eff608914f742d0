import { spawn } from "node:child_process";
import { CancelledError, TimeoutError, TransportError } from "../errors/error.ts";
import type { RunOptions, RunResult } from "./contract.ts";
import { BoundedText, LineCutter, visibleLine } from "./output-reader.ts";
import { beginMarker, channelLine, endMarker } from "./shell-frame.ts";

/** How much of the last words on standard error is kept for an error's message. */
const WORDS_CHARACTERS = 4096;

/**
 * Runs one script on a channel of its own, so that it can have standard input. Where the host allows no second channel
 * on the link, ssh makes a fresh connection by itself.
 */
export function runOnExtraChannel(options: {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly marker: string;
  readonly server: string;
  readonly script: string;
  readonly run: RunOptions;
  /** Aborted when the connection is closed. */
  readonly closed: AbortSignal;
}): Promise<RunResult> {
  const { signal, timeoutMs, onBytes, onLine, stdin } = options.run;
  if (signal?.aborted === true) return Promise.reject(new CancelledError());
  return new Promise((resolve, reject) => {
    const child = spawn(options.program, [...options.arguments], {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const stdout = new BoundedText();
    const stderr = new BoundedText();
    let status: number | undefined;
    let reason: Error | undefined;
    const end = endMarker(options.marker, 0);
    const begin = `${beginMarker(options.marker)}\n`;
    let hasBegun = false;
    let hasErrorsBegun = false;
    let words = "";
    const errors = new LineCutter((line) => {
      const text = line.toString("utf8");
      if (text.endsWith(begin)) {
        // What came before is a login's noise.
        hasErrorsBegun = true;
        words = "";
        return;
      }
      words = (words + text).slice(-WORDS_CHARACTERS);
      if (hasErrorsBegun) stderr.push(line);
    });
    const cutter = new LineCutter((line) => {
      if (!hasBegun) {
        hasBegun = line.toString("latin1").endsWith(begin);
        return;
      }
      const at = line.indexOf(end);
      const content = at === -1 ? line : line.subarray(0, at);
      if (content.length > 0) {
        if (onBytes === undefined) stdout.push(content);
        else onBytes(content);
        onLine?.(visibleLine(content.at(-1) === 10 ? content.subarray(0, -1) : content));
      }
      if (at !== -1) {
        status = Number.parseInt(line.subarray(at).toString("latin1").split(" ")[1] ?? "", 10);
      }
    });
    const stop = (error: Error): void => {
      reason ??= error;
      child.kill("SIGTERM");
    };
    const onAbort = (): void => stop(new CancelledError());
    const onClosed = (): void =>
      stop(
        new TransportError("DISCONNECTED", `The link to ${options.server} was closed.`, {
          server: options.server,
        }),
      );
    const limit =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () =>
              stop(
                new TimeoutError(
                  `A command on ${options.server} did not end within ${timeoutMs / 1000} s.`,
                  timeoutMs,
                  { server: options.server },
                ),
              ),
            timeoutMs,
          );
    signal?.addEventListener("abort", onAbort, { once: true });
    options.closed.addEventListener("abort", onClosed, { once: true });
    child.stdout.on("data", (chunk: Buffer) => cutter.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.stdin.on("error", () => undefined);
    const finish = (error?: Error): void => {
      clearTimeout(limit);
      signal?.removeEventListener("abort", onAbort);
      options.closed.removeEventListener("abort", onClosed);
      cutter.end();
      errors.end();
      if (reason !== undefined) reject(reason);
      else if (status !== undefined) {
        resolve({ status, stdout: stdout.text(), stderr: stderr.text() });
      } else {
        const last = words.trim().split(/\r?\n/).at(-1) ?? "";
        reject(
          new TransportError(
            "DISCONNECTED",
            `The link to ${options.server} broke while a command ran.${last === "" ? "" : ` ssh says: ${last}`}`,
            { server: options.server, cause: error },
          ),
        );
      }
    };
    child.on("error", finish);
    child.on("close", () => finish());
    child.stdin.write(channelLine(options.marker, options.script));
    child.stdin.end(stdin);
  });
}
