import type { FleetEvent, PhaseEndedEvent } from "../fleet/events.ts";
import { sanitize } from "./display-width.ts";
import { count, formatClock, formatDuration } from "./duration.ts";
import { renderFailure } from "./error-text.ts";
import { phaseWord, type RunView } from "./run-view.ts";
import { renderShared } from "./shared-text.ts";
import type { Style } from "./style.ts";
import { renderTool } from "./tool-text.ts";

export interface PlainOptions {
  readonly style: Style;
  /** Output of hosts and unchanged resources as well. */
  readonly verbose: boolean;
}

/**
 * An event as lines for a pipe or a log file: the time since the start, the server, what happened.
 * Empty for what is not worth a line.
 *
 * @param run what is known of the run, this event included: its command, its start, what the tool has said
 */
export function renderPlain(
  event: FleetEvent,
  run: Pick<RunView, "startedAt" | "command" | "servers">,
  options: PlainOptions,
): readonly string[] {
  const { style } = options;
  const clock = style(
    `[${formatClock(Date.parse(event.at) - run.startedAt).padStart(5)}]`,
    "quiet",
  );
  const line = (server: string | undefined, text: string): readonly string[] => [
    server === undefined ? `${clock} ${text}` : `${clock} ${style(server, "name")} ${text}`,
  ];
  switch (event.type) {
    case "run-started":
      return line(
        undefined,
        `${event.command}: stack ${event.stack}, ${count(event.servers.length, "server")}`,
      );
    case "phase-started":
      return options.verbose ? line(event.server, `${phaseWord(run, event.phase)}: begins`) : [];
    case "phase-ended": {
      if (event.outcome === "skipped" && !options.verbose) return [];
      const changes = event.changes === 0 ? "" : `, ${count(event.changes, "change")}`;
      const tool =
        event.phase === "configure"
          ? renderTool(run.servers.find(({ name }) => name === event.server))
          : undefined;
      return line(
        event.server,
        `${phaseWord(run, event.phase)}: ${outcomeWord(event)}${changes}${tool === undefined ? "" : `, ${tool}`} (${formatDuration(event.ms)})`,
      );
    }
    case "step":
      if (event.isBrief === true && !options.verbose) return [];
      return line(event.server, `${phaseWord(run, event.phase)}: ${sanitize(event.text)}`);
    case "resource":
      // A failed one is told by the error that follows it.
      if (event.status !== "changed" && event.status !== "differs" && !options.verbose) return [];
      return [
        ...line(
          event.server,
          `${event.tool ?? phaseWord(run, event.phase)}: ${event.status} ${sanitize(event.id)}${event.reason === undefined ? "" : ` (${sanitize(event.reason)})`}`,
        ),
        ...(options.verbose ? (event.diff ?? []).map((text) => `        ${sanitize(text)}`) : []),
      ];
    case "output":
      return options.verbose
        ? line(event.server, `${sanitize(event.id)} | ${sanitize(event.line)}`)
        : [];
    case "access":
      return line(event.server, `secure: ${event.step} ${event.state}: ${sanitize(event.text)}`);
    case "identity":
      return line(
        event.server,
        `trust: host key ${event.proof}${event.fingerprints.length === 0 ? "" : `, ${event.fingerprints.join(" ")}`}`,
      );
    case "reached":
      return options.verbose
        ? line(event.server, `reached as ${event.user}@${event.address}:${event.port}`)
        : [];
    case "check":
      if (event.check.status === "passed" && !options.verbose) return [];
      if (event.check.status === "skipped" && !options.verbose) return [];
      return line(
        event.server,
        `verify: ${event.check.status} ${event.check.id}: ${sanitize(event.check.detail)}`,
      );
    case "provider-call":
      return options.verbose
        ? line(
            undefined,
            `provider: ${sanitize(event.what)}: ${event.status ?? "no answer"} (${event.ms} ms)`,
          )
        : [];
    case "shared":
      return line(undefined, renderShared(event));
    case "note":
      return line(
        event.server,
        `${event.level === "warning" ? "warning: " : ""}${sanitize(event.text)}`,
      );
    case "error":
      // The error of the whole run is shown by whoever started it, when it ends.
      if (event.server === undefined) return [];
      return renderFailure(event.error, style).map((text, index) =>
        index === 0 ? `${clock} ${text}` : `        ${text}`,
      );
    case "run-ended":
      return [];
    default:
      return [];
  }
}

function outcomeWord(event: PhaseEndedEvent): string {
  return event.phase === "verify" && event.outcome === "unchanged" ? "proved" : event.outcome;
}
