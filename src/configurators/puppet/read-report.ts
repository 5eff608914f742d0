import { parseDocument } from "yaml";
import { z } from "zod";

import type { MemberReport, ToolChange, ToolOutput } from "../contract.ts";

/** Puppet's own housekeeping, in every report. */
const INTERNAL_TYPES = new Set(["Schedule", "Filebucket"]);
/** A changed resource with this tag asks for a reboot. */
const REBOOT_TAG = "bootmachine_reboot";
/** How much of the agent's last words stands for a report that there is not. */
const LAST_LINES = 20;

const text = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .transform((value) => (value === null ? "" : String(value)))
  .catch("");
const flag = z.boolean().catch(false);

const eventSchema = z.object({ message: text, status: text });
const statusSchema = z.object({
  resource: text,
  resource_type: text,
  containment_path: z.array(text).catch([]),
  evaluation_time: z.number().nullish().catch(undefined),
  failed: flag,
  failed_to_restart: flag,
  changed: flag,
  skipped: flag,
  out_of_sync: flag,
  tags: z.array(text).catch([]),
  events: z.array(eventSchema).catch([]),
});
const logSchema = z.object({ level: text, message: text, source: text });
/** The parts of report format 12 (Puppet 7, Puppet 8, OpenVox 8) that are read. */
const reportSchema = z.object({
  status: text,
  logs: z.array(logSchema).catch([]),
  resource_statuses: z.record(z.string(), statusSchema).nullish().catch(undefined),
});

type Status = z.output<typeof statusSchema>;
type Log = z.output<typeof logSchema>;

const FAILED_LEVELS = new Set(["err", "alert", "emerg", "crit"]);
const FAILED_OR_PRINTED = new Set([...FAILED_LEVELS, "warning", "notice"]);
const WARNINGS = new Set(["warning"]);

/** What a run of the agent did, from the agent's own report; see `toolRun` for the form of the result. */
export function readReport(server: string, output: ToolOutput): MemberReport {
  const { notes, report } = split(output.result);
  const unreachable = notes.get("unreachable");
  if (unreachable !== undefined) {
    const why = `Puppet Server on the master does not answer: ${reasonOfOpenssl(unreachable)}`;
    return { server, changes: [], failure: why, retry: why };
  }
  const disabled = notes.get("disabled");
  if (disabled !== undefined) {
    return { server, changes: [], failure: `The agent is disabled: ${disabledMessage(disabled)}` };
  }
  const parsed = report === undefined ? undefined : parseReport(report);
  if (parsed === undefined) {
    return {
      server,
      changes: [],
      failure: lastWords(output),
      ...(notes.has("locked") ? { retry: "another run of the agent is in progress" } : {}),
    };
  }
  const statuses = Object.values(parsed.resource_statuses ?? {}).filter(
    ({ resource_type: type }) => !INTERNAL_TYPES.has(type),
  );
  const changes = statuses.map((status) => toChange(status, parsed.logs));
  const hasFailed = changes.some(({ status }) => status === "failed");
  const isGood = (output.exitStatus === 0 || output.exitStatus === 2) && parsed.status !== "failed";
  return {
    server,
    changes,
    ...(isGood || hasFailed ? {} : { failure: failureOf(parsed.logs) ?? lastWords(output) }),
    ...(statuses.some(({ changed, tags }) => changed && tags.includes(REBOOT_TAG))
      ? { wantsReboot: true }
      : {}),
  };
}

/** Of `ID:error:NUMBER:LIBRARY:FUNCTION:REASON:FILE:LINE:…` the reason; other lines as they are. */
function reasonOfOpenssl(line: string): string {
  const [, reason = line] = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(line) ?? [];
  return reason === "" ? "no answer in time" : reason;
}

function split(result: string): {
  readonly notes: ReadonlyMap<string, string>;
  readonly report: string | undefined;
} {
  const at = /^report\n/m.exec(result)?.index;
  const notes = new Map<string, string>();
  for (const line of result.slice(0, at).split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) notes.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  return { notes, report: at === undefined ? undefined : result.slice(at + "report\n".length) };
}

/** Ruby writes YAML 1.1 with the names of its classes as tags; the content below them is plain. */
function parseReport(yaml: string): z.output<typeof reportSchema> | undefined {
  const document = parseDocument(yaml, { version: "1.1", logLevel: "silent" });
  if (document.errors.length > 0) return undefined;
  // Repeated lists of tags are aliases, thousands of them in a large report.
  const parsed = reportSchema.safeParse(document.toJS({ maxAliasCount: -1 }));
  return parsed.success ? parsed.data : undefined;
}

function toChange(status: Status, logs: readonly Log[]): ToolChange {
  const path = `/${status.containment_path.join("/")}`;
  const own = logs.filter(({ source }) => source === path || source.startsWith(`${path}/`));
  const reason = reasonOf(status, own);
  const diff = own.flatMap(({ message }) => diffOf(message));
  return {
    id: status.resource,
    status: wordFor(status),
    ...(typeof status.evaluation_time === "number"
      ? { ms: Math.round(status.evaluation_time * 1000) }
      : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(diff.length === 0 ? {} : { diff }),
  };
}

function wordFor(status: Status): ToolChange["status"] {
  if (status.failed || status.failed_to_restart) return "failed";
  if (status.changed) return "changed";
  // Out of sync and not changed: noop.
  return status.skipped || status.out_of_sync ? "skipped" : "ok";
}

function reasonOf(status: Status, own: readonly Log[]): string | undefined {
  const word = wordFor(status);
  if (word === "ok") return undefined;
  const levels = word === "failed" ? FAILED_OR_PRINTED : WARNINGS;
  const logged = own
    .filter(({ level, message }) => levels.has(level) && diffOf(message).length === 0)
    .map(({ message }) => message);
  const events = status.events
    .filter((event) => word !== "failed" || event.status === "failure")
    .map(({ message }) => message);
  // Of a failure the log says more than its event, such as what a command printed; of a change the event says all.
  const lines = word === "changed" || logged.length === 0 ? events : logged;
  const unique = [...new Set(lines.map((line) => line.trim()))].filter((line) => line !== "");
  return unique.length === 0 ? undefined : unique.join("\n");
}

/** With `show_diff` the agent logs a unified diff as a message of the file's `content`. */
function diffOf(message: string): readonly string[] {
  const lines = message.split("\n");
  const at = lines.findIndex((line) => line.startsWith("--- "));
  if (at === -1 || lines[at + 1]?.startsWith("+++ ") !== true) return [];
  return lines.slice(at + 2).filter((line) => line !== "");
}

function failureOf(logs: readonly Log[]): string | undefined {
  const messages = logs
    .filter(({ level }) => FAILED_LEVELS.has(level))
    .map(({ message }) => message);
  return messages.length === 0 ? undefined : [...new Set(messages)].join("\n");
}

function lastWords({ exitStatus, output }: ToolOutput): string {
  const said = output.slice(-LAST_LINES).join("\n").trim();
  return said === "" ? `puppet agent ended with exit status ${exitStatus} and said nothing.` : said;
}

/** `{"disabled_message":"reason"}`, as `puppet agent --disable` writes it. */
function disabledMessage(json: string): string {
  try {
    const { disabled_message: message } = JSON.parse(json) as {
      readonly disabled_message?: string;
    };
    return message ?? "no reason is given";
  } catch {
    return json;
  }
}
