import { CancelledError, RefusedError, RemoteError } from "../errors/error.ts";
import type { RunProgramOptions } from "../host/host.ts";
import { waitForIdle } from "../host/wait-for-idle.ts";
import { compileProgram } from "../program/compile-program.ts";
import type { Program, ProgramMode } from "../program/program.ts";
import { STOPPED_REASON } from "../program/protocol.ts";
import type { ProgramReport, ReportMessage, ResourceReport } from "../program/report.ts";
import type { Resource } from "../program/resource.ts";
import { resourceId } from "../program/resource-id.ts";
import type { ServerRun } from "./server-run.ts";

/** Turns what a program says into events of the server's phase. */
export function reportTo(run: ServerRun): (message: ReportMessage) => void {
  const { server, phase } = { server: run.server.name, phase: run.phase };
  return (message) => {
    switch (message.kind) {
      case "resource-started":
        run.emit({ type: "step", server, phase, text: message.id, isBrief: true });
        break;
      case "output":
        run.emit({ type: "output", server, phase, id: message.id, line: message.line });
        break;
      case "resource":
        emitResource(run, message.report);
        break;
      case "trigger":
        run.emit({ type: "step", server, phase, text: message.text, isBrief: true });
        break;
      case "begin":
      case "end":
        break;
    }
  };
}

export function emitResource(run: ServerRun, report: ResourceReport): void {
  run.emit({ type: "resource", server: run.server.name, phase: run.phase, ...report });
}

export interface ApplyOptions {
  readonly title: string;
  readonly mode: ProgramMode;
  /** The server on whose host they are applied; default: the server itself. What happens is shown as the server's own. */
  readonly place?: ServerRun;
  /** Default: every message becomes an event of the server's phase. */
  readonly onMessage?: (message: ReportMessage) => void;
  /** Shell text that reads something of the host once all is as wanted; see `CompileOptions.reading`. */
  readonly reading?: string;
}

export interface BringOptions extends Omit<ApplyOptions, "mode" | "onMessage"> {
  /** Is over before anything is changed; not called where nothing is. */
  readonly beforeChange?: () => Promise<void>;
}

export interface BroughtInLine {
  /** How many resources were changed, or differ in a plan. */
  readonly changes: number;
  /** What `reading` printed; undefined where something differed, and where it could not be read. */
  readonly reading?: string;
}

/**
 * Compiles resources to one program, runs it on a host, and shows what it does.
 *
 * @returns how many resources were changed (or differ, in check mode)
 * @throws RemoteError RESOURCE_FAILED with the resource, its exit status and its last lines
 */
export async function applyResources(
  run: ServerRun,
  resources: readonly Resource[],
  options: ApplyOptions,
): Promise<number> {
  if (resources.length === 0) return 0;
  const report = await runResources(run, resources, options);
  const failed = report.resources.find(({ status }) => status === "failed");
  if (report.resources.some(({ reason }) => reason === STOPPED_REASON)) {
    throw new CancelledError(undefined, { server: run.server.name });
  }
  if (failed !== undefined) throw resourceFailed(failed, resources);
  if (report.status !== 0) {
    throw new RemoteError(
      "RESOURCE_FAILED",
      `A trigger failed on ${(options.place ?? run).server.name}.`,
    );
  }
  return countChanges(report.resources);
}

/**
 * Looks first and applies only where something differs: one round trip where all is well, and no program that writes.
 * In a plan it looks only.
 *
 * @throws as `applyResources`
 */
export async function bringInLine(
  run: ServerRun,
  resources: readonly Resource[],
  { beforeChange, ...options }: BringOptions,
): Promise<BroughtInLine> {
  if (resources.length === 0) return { changes: 0 };
  const report = await runResources(run, resources, {
    ...options,
    mode: "check",
    onMessage: () => undefined,
  });
  const isAllAsWanted = report.resources.every(isAsWanted);
  if (!isAllAsWanted && run.context.mode === "apply") {
    await beforeChange?.();
    const { reading: _reading, ...rest } = options;
    return { changes: await applyResources(run, resources, { ...rest, mode: "apply" }) };
  }
  for (const each of report.resources) emitResource(run, each);
  return {
    changes: report.resources.filter((each) => !isAsWanted(each)).length,
    ...(isAllAsWanted && report.reading !== undefined ? { reading: report.reading } : {}),
  };
}

/** Whether there is nothing to be done for a resource that was looked at. */
export function isAsWanted({ status }: ResourceReport): boolean {
  return status === "ok" || status === "skipped";
}

/** Looks at resources in one round trip; shows nothing and changes nothing. */
export function lookAt(
  run: ServerRun,
  resources: readonly Resource[],
  options: Pick<ApplyOptions, "title" | "place" | "reading">,
): Promise<ProgramReport> {
  return runResources(run, resources, { ...options, mode: "check", onMessage: () => undefined });
}

async function runResources(
  run: ServerRun,
  resources: readonly Resource[],
  options: ApplyOptions,
): Promise<ProgramReport> {
  const { stack, hardSignal, turns } = run.context;
  const place = options.place ?? run;
  const { distro, facts } = place.baselineContext();
  const program = compileProgram(resources, {
    title: `${stack.name} ${run.server.name}: ${options.title}`,
    mode: options.mode,
    distro,
    facts,
    ...(options.reading === undefined ? {} : { reading: options.reading }),
  });
  const settings: RunProgramOptions = {
    signal: hardSignal,
    stopSignal: run.context.signal,
    timeoutMs: run.server.ssh.phaseTimeoutMs,
    onMessage: options.onMessage ?? reportTo(run),
    onLink: (state, attempt) => {
      run.step(
        state === "lost"
          ? `the link broke, reconnecting (attempt ${attempt})`
          : "the link is back; the report goes on",
      );
    },
  };
  // A look takes no lock on the host, and no turn.
  if (options.mode === "check") return place.connectedHost().runProgram(program, settings);
  // Who waits for another's turn to end waits for that one, which has a limit of its own.
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const running = turns.take(place.server.name, () => {
    begin();
    return runWhenIdle(run, place, program, settings);
  });
  await run.waitFor(() => begun);
  return running;
}

/**
 * We hold the stack's lock, so a program of our own that still runs on the host was left by a run that was killed:
 * it finishes by itself, and is waited for. Somebody else's is refused.
 */
async function runWhenIdle(
  run: ServerRun,
  place: ServerRun,
  program: Program,
  options: RunProgramOptions,
): Promise<ProgramReport> {
  const host = place.connectedHost();
  try {
    return await host.runProgram(program, options);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.heldBy !== run.context.who) throw error;
    run.step("waiting for the program of an earlier run to end");
    await waitForIdle(host, {
      timeoutMs: options.timeoutMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return host.runProgram(program, options);
  }
}

export function countChanges(reports: readonly ResourceReport[]): number {
  return reports.filter(({ status }) => status === "changed" || status === "differs").length;
}

function resourceFailed(report: ResourceReport, resources: readonly Resource[]): RemoteError {
  const status = report.exitStatus === undefined ? "" : ` (exit status ${report.exitStatus})`;
  // What a distro makes of a resource has an id that begins with the resource's own.
  const source = resources.find((resource) => report.id.startsWith(resourceId(resource)));
  return new RemoteError(source?.failsAs ?? "RESOURCE_FAILED", `${report.id} failed${status}.`, {
    resource: report.id,
    exitStatus: report.exitStatus,
    output: report.output,
  });
}
