import {
  CancelledError,
  RefusedError,
  RemoteError,
  TimeoutError,
  TransportError,
} from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import { compileProgram } from "../program/compile-program.ts";
import type { ReportMessage } from "../program/report.ts";
import type { CommandResource, Resource } from "../program/resource.ts";
import type { AccessChangeStep, EmitAccess } from "./access-events.ts";
import {
  asError,
  commandFailed,
  describe,
  ended,
  GoneBack,
  hintFor,
  isLost,
  lines,
  sentence,
  throwOnFailure,
} from "./access-failure.ts";
import { pause, RESTORE_GRACE_MS, SCRIPT_LIMIT_MS } from "./access-limits.ts";
import { accessPaths, accessUsers } from "./access-paths.ts";
import { accessResources, type AccessForm, NOTHING_ARMED_ID } from "./access-resources.ts";
import {
  armScript,
  DISARM_SCRIPT,
  NOTE_WORKER_CHECK,
  renewScript,
  REPORT_SHOWN_SCRIPT,
  restoreNowScript,
} from "./access-scripts.ts";
import { checkSource } from "./access-source.ts";
import { readAccessState } from "./access-state.ts";
import { tellToGoBack, waitForOldWay } from "./access-way-back.ts";
import type { BaselineContext } from "./context.ts";

export interface ChangeAccessOptions {
  readonly context: BaselineContext;
  /** By the way that works now. Closed by the change when another one takes its place. */
  readonly host: Host;
  /** A fresh connection by the declared way: the operator, the declared port. One attempt. */
  readonly openNewWay: () => Promise<Host>;
  /** A fresh connection by the way that works now, to prove after a failure that it works again. Absent: what `host` says
   * of itself is believed. */
  readonly openOldWay?: () => Promise<Host>;
  readonly emit: EmitAccess;
  readonly signal: AbortSignal;
  readonly onMessage?: (message: ReportMessage) => void;
}

/** A restarted sshd may refuse for a moment, and a busy host be slow: this many attempts, this far apart. */
const NEW_WAY_ATTEMPTS = 3;
/** Exit status of the host's scripts: the host has gone back by itself. */
const GONE_BACK = 3;

/**
 * Changes the way into a host as one transaction: nobody is locked out.
 *
 * arm (keep what is there, start a countdown that puts it back) → open the new way beside the old → prove it by a fresh
 * connection with sudo → close the old way, over the new one → confirm by another fresh connection → disarm. A host
 * that is as declared is left alone, and nothing is armed.
 *
 * @returns the host by the new way
 * @throws RefusedError ACCESS_ROLLED_BACK after the host went back to the old way; its cause is what failed.
 *   CancelledError after an abort, when the host has gone back. TimeoutError when the old way did not come back in time.
 *   RefusedError SSH_SOURCE_REFUSED before anything is changed, where the new way would shut this computer out.
 *   RemoteError COMMAND_FAILED when not even the countdown could be started: nothing was changed.
 */
export async function changeAccess(options: ChangeAccessOptions): Promise<Host> {
  return new AccessChange(options).run();
}

class AccessChange {
  readonly #options: ChangeAccessOptions;
  readonly #server: string;
  readonly #limitMs: number;
  /** Links over which the host can still be told to go back; the newest first. */
  readonly #links: Host[];
  #step: AccessChangeStep = "arm";
  #isAdopted = false;

  constructor(options: ChangeAccessOptions) {
    this.#options = options;
    this.#server = options.context.server.name;
    this.#limitMs = options.context.server.ssh.rollbackMs;
    this.#links = [options.host];
  }

  async run(): Promise<Host> {
    this.#isAdopted = await this.#clearLeftovers();
    if (!this.#isAdopted && (await this.#isFinal())) return this.#options.host;
    if (this.#isAdopted) {
      this.#emit(
        "arm",
        "done",
        "an earlier change, unfinished, is taken over: its countdown and its copies stay",
      );
    } else {
      await checkSource(this.#options);
      await this.#arm();
    }
    try {
      await this.#during("open", "the new way is opened beside the old one", () =>
        this.#apply(this.#options.host, "beside"),
      );
      const proven = await this.#during("prove", `${this.#newWay()}, with sudo`, () =>
        this.#comeIn(),
      );
      await this.#during("close", "the old way is closed, over the new one", () =>
        this.#apply(proven, "final"),
      );
      const confirmed = await this.#during("confirm", `${this.#newWay()}, once more`, () =>
        this.#comeIn(),
      );
      await this.#during("disarm", "the countdown is stopped", () => this.#disarm(confirmed));
      await this.#closeLinks(confirmed);
      return confirmed;
    } catch (error) {
      const end = await this.#goBack(error);
      if (end instanceof Error) throw end;
      return end;
    }
  }

  #emit(
    step: AccessChangeStep | "rolled-back",
    state: "started" | "done" | "failed",
    text: string,
  ): void {
    this.#options.emit({ type: "access", server: this.#server, step, state, text });
  }

  #newWay(): string {
    const { server, stack } = this.#options.context;
    return `a new connection as ${stack.operator} on port ${server.ssh.port}`;
  }

  #oldWay(): string {
    const { arrivalUser, arrivalPort } = this.#options.context;
    return `${arrivalUser} on port ${arrivalPort}`;
  }

  /** One step: says that it begins, and how it ended. The countdown starts anew with each. */
  async #during<T>(step: AccessChangeStep, text: string, work: () => Promise<T>): Promise<T> {
    this.#step = step;
    this.#options.signal.throwIfAborted();
    this.#emit(step, "started", text);
    try {
      await this.#renew(step);
      const result = await work();
      this.#emit(step, "done", text);
      return result;
    } catch (error) {
      this.#emit(step, "failed", describe(error));
      throw error;
    }
  }

  /** Undoes, or takes over, what a run that was killed has left. True when its countdown was taken over. */
  async #clearLeftovers(): Promise<boolean> {
    const { host } = this.#options;
    const { state, report } = await readAccessState(host);
    if (state === "armed" || state === "restoring") {
      const cameByNewWay = this.#cameByNewWay();
      // Undoing would take away the way by which we came, and it is the one that is wanted: go on instead.
      if (state === "armed" && cameByNewWay) {
        const renewed = await host.run(renewScript("arm", this.#limitMs), {
          timeoutMs: SCRIPT_LIMIT_MS,
        });
        if (renewed.status === 0) return true;
      }
      this.#emit(
        "rolled-back",
        "started",
        "an earlier access change was left unfinished: it is undone first",
      );
      const undone = await host.run(
        restoreNowScript("a later run found the change unfinished, and undid it first"),
        { timeoutMs: RESTORE_GRACE_MS + SCRIPT_LIMIT_MS },
      );
      if (undone.status !== 0)
        throw commandFailed(this.#server, "undo the unfinished access change", undone);
      await host.run(REPORT_SHOWN_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
      this.#emit("rolled-back", "done", "the earlier access change was undone");
      if (cameByNewWay) {
        throw new RefusedError(
          "ACCESS_ROLLED_BACK",
          `${this.#server} was just going back from an access change that was left unfinished. The old way works again.`,
          { server: this.#server, hint: "Run the command again: it comes in by the old way." },
        );
      }
    } else if (state === "restored") {
      this.#emit(
        "rolled-back",
        "done",
        `an earlier access change was undone by the host itself: ${sentence(report)}`,
      );
      await host.run(REPORT_SHOWN_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
    }
    return false;
  }

  #compile(form: AccessForm, mode: "check" | "apply", resources: readonly Resource[]) {
    const { context } = this.#options;
    return compileProgram(resources, {
      title: `${context.stack.name}/${this.#server}: access change, ${form}`,
      mode,
      distro: context.distro,
      facts: context.facts,
    });
  }

  async #isFinal(): Promise<boolean> {
    // A host on which we came by the old way is not as declared, whatever its files say.
    if (!this.#cameByNewWay()) return false;
    const { context, host, signal } = this.#options;
    const program = this.#compile("final", "check", accessResources(context, "final"));
    const report = await host.runProgram(program, { timeoutMs: SCRIPT_LIMIT_MS, signal });
    return (
      report.status === 0 &&
      report.resources.every(({ status }) => status === "ok" || status === "skipped")
    );
  }

  #cameByNewWay(): boolean {
    const { context, host } = this.#options;
    return (
      host.target.port === context.server.ssh.port && host.target.user === context.stack.operator
    );
  }

  async #arm(): Promise<void> {
    const { context, host } = this.#options;
    const text = `what is there is kept; without a confirmation it is put back after ${this.#limitMs / 1000} s`;
    this.#step = "arm";
    this.#options.signal.throwIfAborted();
    this.#emit("arm", "started", text);
    const script = armScript({
      limitMs: this.#limitMs,
      paths: accessPaths(context),
      users: accessUsers(context),
      sshService: context.distro.baseline.sshService,
    });
    try {
      const result = await host.run(script, { timeoutMs: SCRIPT_LIMIT_MS });
      if (result.status !== 0 || !result.stdout.trimEnd().endsWith("armed")) {
        throw commandFailed(this.#server, "start the countdown", result);
      }
    } catch (error) {
      this.#emit("arm", "failed", describe(error));
      // Whatever had been armed puts back what was never changed.
      await host
        .run(restoreNowScript("arming failed"), { timeoutMs: SCRIPT_LIMIT_MS })
        .catch(() => undefined);
      throw error;
    }
    this.#emit("arm", "done", text);
  }

  async #renew(step: AccessChangeStep): Promise<void> {
    const link = this.#links[0];
    if (link === undefined) return;
    const result = await link.run(renewScript(step, this.#limitMs), { timeoutMs: SCRIPT_LIMIT_MS });
    if (result.status === GONE_BACK) throw new GoneBack();
    if (result.status !== 0) throw commandFailed(this.#server, "start the countdown anew", result);
  }

  async #apply(host: Host, form: AccessForm): Promise<void> {
    const { context, signal, onMessage } = this.#options;
    const worker: CommandResource = {
      type: "command",
      id: "access change under way",
      check: NOTE_WORKER_CHECK,
    };
    const wanted = accessResources(context, form).filter(({ id }) => id !== NOTHING_ARMED_ID);
    const program = this.#compile(form, "apply", [worker, ...wanted]);
    const report = await host.runProgram(program, {
      // After this the host goes back anyway, and stops the program.
      timeoutMs: this.#limitMs,
      signal,
      ...(onMessage === undefined ? {} : { onMessage }),
    });
    throwOnFailure(this.#server, report);
  }

  /** A fresh connection by the new way, with the operator's sudo proven. */
  async #comeIn(): Promise<Host> {
    const { context, openNewWay, signal } = this.#options;
    const began = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        const host = await openNewWay();
        this.#links.unshift(host);
        const sudo = await host.run("sudo -n true", {
          asRoot: false,
          timeoutMs: SCRIPT_LIMIT_MS,
        });
        if (sudo.status !== 0) {
          throw new RemoteError(
            "NOT_ROOT",
            `${context.stack.operator} got in on ${this.#server}, and has no sudo without a password.`,
            {
              server: this.#server,
              exitStatus: sudo.status,
              output: lines(sudo.stderr),
            },
          );
        }
        return host;
      } catch (error) {
        const mayPass = error instanceof TransportError && this.#mayPass(error.code, began);
        if (!mayPass || attempt >= NEW_WAY_ATTEMPTS) throw error;
        await pause();
      }
    }
  }

  /** Is it a failure that may be over at the next attempt, and is there time for one before the countdown ends? */
  #mayPass(code: string, began: number): boolean {
    if (code === "CONNECTION_REFUSED") return true;
    const { connectTimeoutMs } = this.#options.context.server.ssh;
    return code === "LOGIN_TIMEOUT" && performance.now() - began + connectTimeoutMs < this.#limitMs;
  }

  /** Stops the countdown. An answer that was lost says nothing: asked again, over fresh connections, until it is known. */
  async #disarm(host: Host): Promise<void> {
    const end = performance.now() + this.#limitMs;
    let link = host;
    for (;;) {
      try {
        const result = await link.run(DISARM_SCRIPT, { timeoutMs: SCRIPT_LIMIT_MS });
        if (result.status === GONE_BACK) throw new GoneBack();
        if (result.status !== 0) throw commandFailed(this.#server, "stop the countdown", result);
        return;
      } catch (error) {
        if (!isLost(error) || performance.now() > end) throw error;
        await pause();
        link = await this.#comeIn().catch(() => link);
      }
    }
  }

  /** After a failure: the host goes back, at once where it can be told, else by its countdown. Returns what to throw, or the
   * host by the new way when only the answer to "disarm" was lost and the change is complete. */
  async #goBack(failure: unknown): Promise<Error | Host> {
    const cause = failure instanceof GoneBack ? undefined : asError(failure, this.#options.signal);
    const why =
      cause === undefined
        ? `nobody confirmed the change in time; the step "${this.#step}" came too late`
        : `the step "${this.#step}" failed: ${cause.message.replace(/\.$/, "")}`;
    this.#emit(
      "rolled-back",
      "started",
      `the host goes back to the old way (${this.#oldWay()}), because ${why}`,
    );
    const wasTold = await tellToGoBack(this.#options, this.#links, why);
    const mayBeDisarmed = this.#step === "disarm" && isLost(failure);
    const seen = await waitForOldWay(this.#options, {
      wasTold,
      mayBeDisarmed,
      isAdopted: this.#isAdopted,
    });
    if (typeof seen === "object") {
      const text =
        "the change is complete: only the answer that the countdown had stopped was lost";
      this.#emit("disarm", "done", text);
      await this.#closeLinks(seen);
      return seen;
    }
    // The link by which we came belongs to the caller; those that were opened here do not.
    await this.#closeLinks(this.#options.host);
    if (seen === undefined) {
      const text = `${this.#server} did not come back by the old way (${this.#oldWay()}) within ${(this.#limitMs + RESTORE_GRACE_MS) / 1000} s, after ${why}`;
      this.#emit("rolled-back", "failed", text);
      return new TimeoutError(text, this.#limitMs + RESTORE_GRACE_MS, {
        server: this.#server,
        hint: `${mayBeDisarmed ? "The change is probably complete, its answer lost: try `bootmachine verify`. Else look" : "Look"} at the host's console: \`sh /var/lib/bootmachine/access/restore.sh\` there, as root, puts everything back.`,
        cause,
      });
    }
    const text = `${this.#server} went back to the old way (${this.#oldWay()}): ${ended(why)}${seen === "" ? "" : ` The host says: ${ended(seen)}`}`;
    this.#emit("rolled-back", "done", text);
    if (cause instanceof CancelledError)
      return new CancelledError(text, { server: this.#server, cause });
    return new RefusedError("ACCESS_ROLLED_BACK", text, {
      server: this.#server,
      ...(cause === undefined ? {} : { cause, hint: hintFor(cause) }),
    });
  }

  async #closeLinks(keep: Host): Promise<void> {
    await Promise.all(this.#links.filter((link) => link !== keep).map((link) => link.close()));
  }
}
