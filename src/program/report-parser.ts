import {
  KEPT_DIFF_LINES,
  KEPT_LINE_CHARACTERS,
  KEPT_OUTPUT_LINES,
  KEPT_READING_CHARACTERS,
  REPORT_PREFIX,
} from "./protocol.ts";
import type { ProgramReport, ReportMessage, ResourceReport, ResourceStatus } from "./report.ts";

const STATUSES: Readonly<Record<ResourceStatus, true>> = {
  ok: true,
  changed: true,
  differs: true,
  skipped: true,
  failed: true,
};

/** What has been said so far of the resource now worked on. */
interface Current {
  readonly id: string;
  reason: string | undefined;
  readonly output: string[];
  readonly details: string[];
  readonly diff: string[];
  diffLines: number;
}

/**
 * Reads a program's report, line by line.
 *
 * Lines that are not of the protocol, and all before `begin`, are passed over: a host may print a banner first.
 * Output is cut to the last 50 lines a resource, a diff to its first 400, a line to 2000 characters.
 */
export class ReportParser {
  #hasBegun = false;
  #current: Current | undefined;
  #report: ProgramReport | undefined;
  readonly #resources: ResourceReport[] = [];
  readonly #triggered: string[] = [];
  /** What has been read so far, a newline before each line. */
  #read = "";
  #reading: string | undefined;

  /** Takes one whole line, without its newline; returns the message that it completes, if any. */
  push(line: string): ReportMessage | undefined {
    if (this.#report !== undefined || !line.startsWith(REPORT_PREFIX)) return undefined;
    const rest = line.slice(REPORT_PREFIX.length);
    const space = rest.indexOf(" ");
    if (space < 0) return undefined;
    const word = rest.slice(0, space);
    const text = rest.slice(space + 1);
    if (!this.#hasBegun) return word === "begin" ? this.#begin(text) : undefined;
    switch (word) {
      case "start":
        return this.#start(visibleText(text));
      case "output":
        return this.#output(visibleText(text));
      case "detail":
        if (this.#current !== undefined) keepLast(this.#current.details, visibleText(text));
        return undefined;
      case "diff":
        this.#diff(visibleText(text));
        return undefined;
      case "reason":
        if (this.#current !== undefined) this.#current.reason = visibleText(text);
        return undefined;
      case "done":
        return this.#done(text);
      case "trigger":
        return this.#trigger(text);
      case "read":
        if (this.#read.length <= KEPT_READING_CHARACTERS) this.#read += `\n${text}`;
        return undefined;
      case "reading":
        if (text.trimEnd() === "exit 0 whole" && this.#read.length <= KEPT_READING_CHARACTERS)
          this.#reading = this.#read.slice(1);
        return undefined;
      case "end":
        return this.#end(text);
      default:
        return undefined;
    }
  }

  /** The whole report, once its last line has come. */
  report(): ProgramReport | undefined {
    return this.#report;
  }

  #begin(text: string): ReportMessage | undefined {
    const match = /^(\d+) resources$/.exec(text.trimEnd());
    if (match === null) return undefined;
    this.#hasBegun = true;
    return { kind: "begin", count: Number(match[1]) };
  }

  #start(id: string): ReportMessage {
    this.#current = { id, reason: undefined, output: [], details: [], diff: [], diffLines: 0 };
    return { kind: "resource-started", id };
  }

  #output(line: string): ReportMessage | undefined {
    if (this.#current === undefined) return undefined;
    keepLast(this.#current.output, line);
    return { kind: "output", id: this.#current.id, line };
  }

  #diff(line: string): void {
    if (this.#current === undefined) return;
    this.#current.diffLines += 1;
    if (this.#current.diffLines <= KEPT_DIFF_LINES) this.#current.diff.push(line);
  }

  #done(text: string): ReportMessage | undefined {
    const match = /^([a-z]+)(?: exit (\d+))? (-?\d+) ms$/.exec(text.trimEnd());
    const status = match?.[1];
    if (this.#current === undefined || status === undefined || !isStatus(status)) return undefined;
    const { id, reason, details, output, diff, diffLines } = this.#current;
    const shown = status === "failed" ? [...details, ...output].slice(-KEPT_OUTPUT_LINES) : details;
    const cut = diffLines - diff.length;
    const report: ResourceReport = {
      id,
      status,
      // The clock of a host without /proc/uptime may be set back while we work.
      ms: Math.max(0, Number(match?.[3])),
      ...(reason === undefined ? {} : { reason }),
      ...(match?.[2] === undefined ? {} : { exitStatus: Number(match[2]) }),
      ...(shown.length === 0 ? {} : { output: shown }),
      ...(diff.length === 0
        ? {}
        : { diff: cut === 0 ? diff : [...diff, `(${cut} more lines of difference)`] }),
    };
    this.#current = undefined;
    this.#resources.push(report);
    return { kind: "resource", report };
  }

  #trigger(rest: string): ReportMessage | undefined {
    const match = /^(ok|failed) (.+)$/.exec(rest);
    if (match === null) return undefined;
    const text = visibleText(match[2] ?? "");
    const ok = match[1] === "ok";
    this.#current = undefined;
    if (ok) this.#triggered.push(text);
    return { kind: "trigger", text, ok };
  }

  #end(text: string): ReportMessage | undefined {
    const match = /^([01]) (-?\d+) ms$/.exec(text.trimEnd());
    if (match === null) return undefined;
    const status = match[1] === "0" ? 0 : 1;
    const ms = Math.max(0, Number(match[2]));
    this.#report = {
      resources: this.#resources,
      status,
      triggered: this.#triggered,
      ms,
      ...(this.#reading === undefined ? {} : { reading: this.#reading }),
    };
    return { kind: "end", status, ms };
  }
}

function isStatus(word: string): word is ResourceStatus {
  return Object.hasOwn(STATUSES, word);
}

function keepLast(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > KEPT_OUTPUT_LINES) lines.shift();
}

/**
 * A line as a terminal would leave it: what follows the last carriage return, without escape sequences and control
 * characters (a tab stays). What was not UTF-8 has become U+FFFD on its way here.
 */
function visibleText(raw: string): string {
  const line = raw.replace(/\r+$/, "");
  return line
    .slice(line.lastIndexOf("\r") + 1)
    .replaceAll(
      /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])/g,
      "",
    )
    .replaceAll(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g, "")
    .slice(0, KEPT_LINE_CHARACTERS);
}
