import { isAgentName } from "../fleet/configurator/agent-name.ts";
import type { AgentStatus } from "../fleet/fleet-contract.ts";
import { quote } from "../program/quote.ts";
import { sanitize } from "./display-width.ts";
import { count } from "./duration.ts";
import type { Span, Style } from "./style.ts";
import { renderTable } from "./table.ts";

/** An agent at the master, or a server of the stack that the master does not know (`missing`). */
export interface AgentRow {
  readonly id: string;
  readonly state: AgentStatus["state"] | "missing";
  readonly fingerprint?: string;
  /** False: a stranger, which nobody has declared, or which takes the name of a server that has another key. */
  readonly isMember: boolean;
}

/** The servers of the stack in the order of the config, then the strangers. */
export function agentRows(
  agents: readonly AgentStatus[],
  servers: readonly string[],
): readonly AgentRow[] {
  const members = servers.map(
    (server): AgentRow =>
      agents.find(({ id, isMember }) => isMember && id === server) ?? {
        id: server,
        state: "missing",
        isMember: true,
      },
  );
  return [...members, ...agents.filter((agent) => !members.includes(agent))];
}

export function renderAgents(
  rows: readonly AgentRow[],
  about: {
    readonly stack: string;
    readonly configurator: string;
    readonly master: string;
    /** The tool takes keys off its lists by their fingerprints. */
    readonly revokesKeys: boolean;
    /** Infinity in a pipe. */
    readonly columns: number;
    readonly style: Style;
  },
): readonly string[] {
  const { style } = about;
  const strangers = rows.filter(({ isMember }) => !isMember);
  const missing = rows.filter(({ state, isMember }) => isMember && state !== "accepted");
  const names = new Set(rows.flatMap(({ id, isMember }) => (isMember ? [id] : [])));
  const impostor = strangers.find(({ id }) => names.has(id));
  const others = strangers.filter(({ id }) => !names.has(id));
  const knocking = others.find(({ state }) => state === "waiting") ?? others[0];
  return [
    `Stack ${about.stack}: ${about.configurator}, master ${about.master}, ${count(rows.length - strangers.length, "server")}${strangers.length === 0 ? "" : `, ${count(strangers.length, "stranger")}`}.`,
    "",
    ...renderTable(
      ["AGENT", "STATE", "WHOSE", "FINGERPRINT"],
      rows.map((row): readonly (string | Span)[] => [
        { text: sanitize(row.id), tone: "name" },
        stateCell(row),
        row.isMember ? "the stack's" : { text: "A STRANGER'S", tone: "bad" },
        row.fingerprint === undefined ? "-" : sanitize(row.fingerprint),
      ]),
      { columns: about.columns, style },
    ),
    ...(missing.length === 0
      ? []
      : [
          "",
          `Not enrolled: ${missing.map(({ id }) => id).join(", ")}. \`bootmachine configurator accept ${missing[0]?.id}\` enrols it; \`bootmachine up\` all.`,
        ]),
    ...(impostor === undefined
      ? []
      : [
          "",
          `Somebody with another key takes the name of ${impostor.id}, and is not let in. Find out who; ${impostorOff(impostor, about.revokesKeys)}`,
        ]),
    ...(knocking === undefined
      ? []
      : ["", `A stranger is never accepted. ${strangerOff(knocking, about.revokesKeys)}`]),
  ];
}

/** A stranger chose his name, and the command is there to be copied: what could be more than a name does not stand in it. */
function strangerOff({ id, fingerprint }: AgentRow, revokesKeys: boolean): string {
  if (isAgentName(id)) return `\`bootmachine configurator revoke ${id}\` takes it off the list.`;
  return revokesKeys && fingerprint !== undefined
    ? byKey(fingerprint)
    : "Its name is none that a command could be given: take it off the list at the master itself.";
}

/** The name is a server's, and so is one of the keys under it. */
function impostorOff({ id, fingerprint }: AgentRow, revokesKeys: boolean): string {
  return revokesKeys && fingerprint !== undefined
    ? byKey(fingerprint)
    : `\`bootmachine configurator revoke ${id}\` and then \`bootmachine configurator accept ${id}\` take that key off the list.`;
}

function byKey(fingerprint: string): string {
  return `\`bootmachine configurator revoke --fingerprint ${sanitize(quote(fingerprint))}\` takes that key off the list.`;
}

function stateCell({ state, isMember }: AgentRow): Span {
  switch (state) {
    case "accepted":
      return { text: "accepted", tone: isMember ? "good" : "bad" };
    case "waiting":
      return { text: "waiting", tone: "warn" };
    case "rejected":
      return { text: "rejected", tone: isMember ? "bad" : "quiet" };
    case "missing":
      return { text: "not enrolled", tone: "bad" };
  }
}
