import {
  ERROR_CODES,
  type ComputerErrorCode,
  type ErrorCode,
  type ErrorKind,
  type ProviderErrorCode,
  type RefusedErrorCode,
  type RemoteErrorCode,
  type TransportErrorCode,
  type UserErrorCode,
} from "./codes.ts";

export interface ErrorDetails {
  /** The next step for the reader, more exact than the code's own `todo`. */
  readonly hint?: string | undefined;
  /** The server's name. */
  readonly server?: string | undefined;
  /** The phase in which it happened. */
  readonly phase?: string | undefined;
  /** What caused it: another error, or anything thrown. */
  readonly cause?: unknown;
}

/** The shape in which an error stands in events, journals and `--json` output. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly hint: string;
  readonly server?: string;
  readonly phase?: string;
  /** Set for remote failures: the resource, its exit status and the last lines of its output. */
  readonly resource?: string;
  readonly exitStatus?: number;
  readonly output?: readonly string[];
  /** Set for config errors: every problem. */
  readonly problems?: readonly ProblemRecord[];
}

/** One problem of a config: what, where, and what to do. */
export interface ProblemRecord {
  /** Path in the config, such as `servers[2].name`. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  /** 1-based; absent where the place in the file is not known. */
  readonly line?: number;
  readonly column?: number;
}

/** The base of every error that bootmachine throws on purpose. */
export abstract class BootmachineError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string;
  /** Filled in by the fleet where a lower layer did not know it. */
  server: string | undefined;
  phase: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.kind = ERROR_CODES[code].kind;
    this.hint = details.hint ?? ERROR_CODES[code].todo;
    this.server = details.server;
    this.phase = details.phase;
  }

  toRecord(): ErrorRecord {
    return {
      code: this.code,
      kind: this.kind,
      message: this.message,
      hint: this.hint,
      ...(this.server === undefined ? {} : { server: this.server }),
      ...(this.phase === undefined ? {} : { phase: this.phase }),
    };
  }
}

/** Your input is wrong; nothing was touched. Exit status 2. */
export class UserError extends BootmachineError {
  readonly problems: readonly ProblemRecord[];
  constructor(
    code: UserErrorCode,
    message: string,
    details: ErrorDetails & { readonly problems?: readonly ProblemRecord[] } = {},
  ) {
    super(code, message, details);
    this.problems = details.problems ?? [];
  }
  override toRecord(): ErrorRecord {
    return {
      ...super.toRecord(),
      ...(this.problems.length === 0 ? {} : { problems: this.problems }),
    };
  }
}

/** A safety check said no. Exit status 3. */
export class RefusedError extends BootmachineError {
  /** For HOST_BUSY: who runs the other program, such as "ada@laptop". */
  readonly heldBy: string | undefined;
  constructor(
    code: RefusedErrorCode,
    message: string,
    details: ErrorDetails & { readonly heldBy?: string } = {},
  ) {
    super(code, message, details);
    this.heldBy = details.heldBy;
  }
}

/** The provider failed or said no. */
export class ProviderError extends BootmachineError {
  /** How long the provider asks us to wait before the next call, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ProviderErrorCode,
    message: string,
    details: ErrorDetails & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The way to the host failed. */
export class TransportError extends BootmachineError {
  constructor(code: TransportErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}

/** Something failed on the host itself. */
export class RemoteError extends BootmachineError {
  readonly resource: string | undefined;
  readonly exitStatus: number | undefined;
  /** The last lines of output, oldest first. */
  readonly output: readonly string[];
  constructor(
    code: RemoteErrorCode,
    message: string,
    details: ErrorDetails & {
      readonly resource?: string | undefined;
      readonly exitStatus?: number | undefined;
      readonly output?: readonly string[] | undefined;
    } = {},
  ) {
    super(code, message, details);
    this.resource = details.resource;
    this.exitStatus = details.exitStatus;
    this.output = details.output ?? [];
  }
  override toRecord(): ErrorRecord {
    return {
      ...super.toRecord(),
      ...(this.resource === undefined ? {} : { resource: this.resource }),
      ...(this.exitStatus === undefined ? {} : { exitStatus: this.exitStatus }),
      ...(this.output.length === 0 ? {} : { output: this.output }),
    };
  }
}

/** A wait reached its limit. */
export class TimeoutError extends BootmachineError {
  readonly limitMs: number;
  constructor(message: string, limitMs: number, details: ErrorDetails = {}) {
    super("TIMEOUT", message, details);
    this.limitMs = limitMs;
  }
}

/** The computer on which bootmachine runs failed. */
export class ComputerError extends BootmachineError {
  constructor(code: ComputerErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}

/** The run was cancelled. Exit status 130. */
export class CancelledError extends BootmachineError {
  constructor(message = "The run was cancelled.", details: ErrorDetails = {}) {
    super("CANCELLED", message, details);
  }
}

/** A defect of ours. Exit status 70. */
export class InternalError extends BootmachineError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("INTERNAL", message, details);
  }
}

/**
 * True for an error of ours, from whatever copy of the package: the program may come from one installation and the
 * config's plug-ins from another, whose classes are others.
 */
export function isBootmachineError(thrown: unknown): thrown is BootmachineError {
  if (thrown instanceof BootmachineError) return true;
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    typeof thrown.code === "string" &&
    "kind" in thrown &&
    typeof thrown.kind === "string" &&
    KINDS.has(thrown.kind) &&
    "hint" in thrown &&
    typeof thrown.hint === "string" &&
    "toRecord" in thrown &&
    typeof thrown.toRecord === "function"
  );
}

const KINDS: ReadonlySet<string> = new Set(Object.values(ERROR_CODES).map(({ kind }) => kind));

/** Turns anything thrown into one of our errors; what is not ours becomes an InternalError. */
export function toBootmachineError(thrown: unknown): BootmachineError {
  if (isBootmachineError(thrown)) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new CancelledError(undefined, { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = fileErrorCode(thrown);
  return code === undefined
    ? new InternalError(message, { cause: thrown })
    : new ComputerError(code, message, { cause: thrown });
}

/** System calls by which a file is written; one that reads, or a socket's, fails for other reasons. */
const WRITES = new Set(["open", "write", "writev", "mkdir", "mkdtemp", "rename", "link", "unlink"]);

/** What the operating system said when a file could not be written; undefined where that is not what failed. */
function fileErrorCode(thrown: unknown): ComputerErrorCode | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown) || !("syscall" in thrown)) return undefined;
  if (!WRITES.has(String(thrown.syscall))) return undefined;
  switch (thrown.code) {
    case "ENOSPC":
    case "EDQUOT":
      return "DISK_FULL";
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return "FILE_UNWRITABLE";
    default:
      return undefined;
  }
}

/** 0 is success and is never the status of an error. */
export type ExitStatus = 1 | 2 | 3 | 70 | 130;

/** The exit status that belongs to an error (design: 1 failed, 2 usage, 3 refused, 70 internal, 130 cancelled). */
export function exitStatusOf(error: BootmachineError): ExitStatus {
  switch (error.kind) {
    case "user":
      return 2;
    case "refused":
      return 3;
    case "cancelled":
      return 130;
    case "internal":
      return 70;
    case "provider":
    case "transport":
    case "remote":
    case "timeout":
    case "computer":
      return 1;
  }
}
