import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

import {
  type BootmachineError,
  CancelledError,
  ComputerError,
  type ErrorRecord,
  InternalError,
  ProviderError,
  RefusedError,
  TimeoutError,
  toBootmachineError,
  UserError,
} from "../../errors/error.ts";
import type {
  ComputerErrorCode,
  ProviderErrorCode,
  RefusedErrorCode,
  UserErrorCode,
} from "../../errors/codes.ts";
import type { ProviderContext } from "../contract.ts";
import { SYSTEM_PATH } from "./command.ts";
import type { LocalProvider } from "./local-provider.ts";
import type { LocalOptions } from "./options.ts";

/**
 * The calls of the local provider, carried out by a second process that runs as root: for people who are not root and
 * may use sudo without a password. Lines of JSON over its standard input and output; nothing listens anywhere.
 */
export type AgentMethod = Exclude<
  keyof LocalProvider,
  "kind" | "apiVersion" | "name" | "capabilities" | "prerequisites" | "check"
>;

type ToAgent =
  | { readonly type: "options"; readonly options: LocalOptions }
  | {
      readonly type: "call";
      readonly id: number;
      readonly method: AgentMethod;
      readonly args: readonly unknown[];
      readonly stack: string;
    }
  | { readonly type: "abort"; readonly id: number };

type FromAgent =
  | { readonly type: "progress"; readonly id: number; readonly text: string }
  | { readonly type: "value"; readonly id: number; readonly value: unknown }
  | {
      readonly type: "error";
      readonly id: number;
      readonly error: ErrorRecord;
      readonly limitMs?: number;
    };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly progress: (text: string) => void;
}

/** Our end: starts the agent with the first call, and lets this program end while no call is under way. */
export class RootAgent {
  readonly #options: LocalOptions;
  readonly #prefix: readonly string[];
  readonly #moduleOfLocal: string;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcessWithoutNullStreams | undefined;
  #nextId = 1;

  constructor(options: LocalOptions, prefix: readonly string[], moduleOfLocal: string) {
    this.#options = options;
    this.#prefix = prefix;
    this.#moduleOfLocal = moduleOfLocal;
  }

  async call(
    method: AgentMethod,
    args: readonly unknown[],
    context: ProviderContext,
  ): Promise<unknown> {
    if (context.signal.aborted) throw new CancelledError();
    const child = (this.#child ??= this.#start());
    const id = this.#nextId;
    this.#nextId += 1;
    const onAbort = (): void => this.#send(child, { type: "abort", id });
    context.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, progress: context.progress });
        hold(child, true);
        this.#send(child, { type: "call", id, method, args, stack: context.stack });
      });
    } finally {
      context.signal.removeEventListener("abort", onAbort);
      this.#pending.delete(id);
      if (this.#pending.size === 0) hold(child, false);
    }
  }

  #start(): ChildProcessWithoutNullStreams {
    const modules = `[${JSON.stringify(import.meta.url)}, ${JSON.stringify(this.#moduleOfLocal)}]`;
    const code = `Promise.all(${modules}.map((m) => import(m))).then(([a, l]) => a.runRootAgent(l.local, process.stdin, process.stdout))`;
    const [program, ...args] = [
      ...this.#prefix,
      process.execPath,
      "--input-type=module",
      "--eval",
      code,
    ];
    // A session of its own: Ctrl-C is told to the agent as an abort, and does not cut it down in the middle.
    const child = spawn(program, args, {
      cwd: "/",
      detached: true,
      stdio: "pipe",
      env: { PATH: SYSTEM_PATH, LC_ALL: "C.UTF-8" },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#receive(JSON.parse(line) as FromAgent);
    });
    const fail = (why: string): void => {
      if (this.#child === child) this.#child = undefined;
      for (const { reject } of this.#pending.values()) {
        reject(new ProviderError("PROVIDER_UNAVAILABLE", `The helper that runs as root ${why}.`));
      }
    };
    child.on("error", (error) => fail(`cannot be started: ${error.message}`));
    child.on("close", (status) => fail(`ended with status ${status}: ${stderr.trim()}`));
    this.#send(child, { type: "options", options: this.#options });
    return child;
  }

  #send(child: ChildProcessWithoutNullStreams, message: ToAgent): void {
    child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #receive(message: FromAgent): void {
    const pending = this.#pending.get(message.id);
    if (message.type === "progress") pending?.progress(message.text);
    else if (message.type === "value") pending?.resolve(message.value);
    else pending?.reject(rebuildError(message.error, message.limitMs));
  }
}

/**
 * The agent's end. Ends when its standard input does, that is, with the program that started it; what was under way
 * is aborted, as by Ctrl-C.
 *
 * @public Called by the text that the process is started with.
 */
export function runRootAgent(
  local: (options: LocalOptions) => LocalProvider,
  input: Readable,
  output: Writable,
): void {
  const aborts = new Map<number, AbortController>();
  let provider: LocalProvider | undefined;
  const send = (message: FromAgent): void => {
    output.write(`${JSON.stringify(message)}\n`);
  };
  const answer = async (call: Extract<ToAgent, { type: "call" }>): Promise<void> => {
    const { id, method, args, stack } = call;
    const controller = new AbortController();
    aborts.set(id, controller);
    const context: ProviderContext = {
      stack,
      signal: controller.signal,
      progress: (text) => send({ type: "progress", id, text }),
    };
    try {
      if (provider === undefined) throw new InternalError("The options did not come first.");
      const run = provider[method] as (...all: unknown[]) => Promise<unknown>;
      send({ type: "value", id, value: await run(...args, context) });
    } catch (thrown) {
      const error = toBootmachineError(thrown);
      const limit = error instanceof TimeoutError ? { limitMs: error.limitMs } : {};
      send({ type: "error", id, error: error.toRecord(), ...limit });
    } finally {
      aborts.delete(id);
    }
  };
  const lines = createInterface({ input });
  output.on("error", () => undefined);
  lines.on("line", (line) => {
    const message = JSON.parse(line) as ToAgent;
    if (message.type === "options") provider = local(message.options);
    else if (message.type === "abort") aborts.get(message.id)?.abort();
    else void answer(message);
  });
  lines.on("close", () => {
    for (const controller of aborts.values()) controller.abort();
  });
}

function rebuildError(record: ErrorRecord, limitMs = 0): BootmachineError {
  const details = { hint: record.hint, server: record.server };
  switch (record.kind) {
    case "user":
      return new UserError(record.code as UserErrorCode, record.message, details);
    case "refused":
      return new RefusedError(record.code as RefusedErrorCode, record.message, details);
    case "provider":
      return new ProviderError(record.code as ProviderErrorCode, record.message, details);
    case "timeout":
      return new TimeoutError(record.message, limitMs, details);
    case "computer":
      return new ComputerError(record.code as ComputerErrorCode, record.message, details);
    case "cancelled":
      return new CancelledError(record.message, details);
    case "transport":
    case "remote":
    case "internal":
      return new InternalError(record.message, details);
  }
}

/** A child that waits for our next call must not keep this program from ending. */
function hold(child: ChildProcessWithoutNullStreams, isHeld: boolean): void {
  const ends: readonly { ref?(): void; unref?(): void }[] = [
    child,
    child.stdin as Socket,
    child.stdout as Socket,
    child.stderr as Socket,
  ];
  for (const end of ends) {
    if (isHeld) end.ref?.();
    else end.unref?.();
  }
}
