import type { ServerStatus } from "../fleet/fleet-contract.ts";
import { leftoversText } from "./destroy-text.ts";
import { sanitize } from "./display-width.ts";
import { count, formatAge } from "./duration.ts";
import type { Span, Style } from "./style.ts";
import { renderAdvice } from "./status-advice.ts";
import { renderTable } from "./table.ts";

export interface StatusOptions {
  readonly stack: string;
  /** Of the stack's rehearsal. */
  readonly isRehearsal?: boolean;
  readonly provider: string;
  readonly columns: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly style: Style;
}

/** One line a server: machine, address, whether it can be reached and why not, whether it is secured, how its key was proven, age. */
export function renderStatus(
  servers: readonly ServerStatus[],
  options: StatusOptions,
): readonly string[] {
  const rows = servers.map((status): readonly (string | Span)[] => [
    { text: status.server, tone: "name" },
    status.roles.join(",") || "-",
    machineCell(status),
    addressOf(status),
    securedCell(status),
    status.proof ?? "-",
    ageOf(status, options.now),
    reachCell(status),
  ]);
  const there = servers.filter((status) => status.machine !== undefined).length;
  const declared = servers.filter(
    ({ isOrphan, isDuplicate }) => isOrphan !== true && isDuplicate !== true,
  ).length;
  const advice = renderAdvice(servers, options.isRehearsal === true ? " --rehearse" : "");
  return [
    `${options.isRehearsal === true ? "Rehearsal of stack" : "Stack"} ${options.stack} (provider ${options.provider}): ${count(declared, "server")}, ${count(there, "machine")}.`,
    "",
    ...renderTable(
      ["SERVER", "ROLES", "MACHINE", "ADDRESS", "SECURED", "KEY", "AGE", "REACH"],
      rows,
      {
        columns: options.columns,
        style: options.style,
      },
    ),
    ...(advice.length === 0 ? [] : ["", ...advice]),
  ];
}

function machineCell({ machine }: ServerStatus): Span {
  if (machine === undefined) return { text: "none", tone: "quiet" };
  const tone = machine.status === "running" ? "good" : machine.status === "failed" ? "bad" : "warn";
  return { text: machine.status, tone };
}

function addressOf({ machine, reach }: ServerStatus): string {
  const address = reach?.target?.address ?? machine?.publicAddresses[0];
  if (address === undefined) return "-";
  const host = address.includes(":") ? `[${address}]` : address;
  return reach?.target === undefined ? host : `${host}:${reach.target.port}`;
}

function securedCell({ reach }: ServerStatus): Span {
  if (reach === undefined || !reach.ok) return { text: "-", tone: "quiet" };
  if (reach.accessChange !== undefined) return { text: "changing", tone: "warn" };
  return reach.isSecured ? { text: "yes", tone: "good" } : { text: "no", tone: "warn" };
}

function reachCell({ machine, reach, isOrphan, isDuplicate, leftovers }: ServerStatus): Span {
  if (leftovers !== undefined) {
    const left = `left: ${leftoversText(leftovers)}`;
    return { text: isOrphan === true ? `no longer in the config; ${left}` : left, tone: "warn" };
  }
  if (isOrphan === true) return { text: "no longer in the config", tone: "warn" };
  if (isDuplicate === true) return { text: "a second one; `up` removes it", tone: "warn" };
  if (reach === undefined) {
    return { text: machine?.detail === undefined ? "-" : sanitize(machine.detail), tone: "quiet" };
  }
  if (reach.ok) return { text: `as ${reach.target.user}`, tone: "good" };
  return { text: `${reach.code}: ${sanitize(reach.message.split("\n")[0] ?? "")}`, tone: "bad" };
}

function ageOf({ machine }: ServerStatus, now: number): string {
  if (machine?.createdAt === undefined) return "-";
  return formatAge(now - Date.parse(machine.createdAt));
}
