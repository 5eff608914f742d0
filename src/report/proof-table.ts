import { assessProof, whyUnseen, type ProofAssessment } from "../proof/assess-proof.ts";
import type { CheckResult } from "../proof/check.ts";
import { findCheck } from "../proof/checks.ts";
import type { Proof, ServerProof } from "../proof/proof.ts";
import { renderDiff } from "./diff-lines.ts";
import { sanitize } from "./display-width.ts";
import { plainStyle, type Style, type Tone } from "./style.ts";

export interface ProofTableOptions {
  /** Default: no colour. */
  readonly style?: Style;
  /** Shows what passed as well; default: only its number. */
  readonly all?: boolean;
}

/** More of a diff is cut, and said to be. */
const MAX_DIFF_LINES = 20;
const INDENT = "      ";

/** A word for each outcome: failures first, then what is worth a look. */
const RANKS = ["FAILED", "WARNING", "skipped", "passed"] as const;
type Rank = (typeof RANKS)[number];
const TONES: Record<Rank, Tone> = {
  FAILED: "bad",
  WARNING: "warn",
  skipped: "quiet",
  passed: "good",
};

function rankOf({ status, severity }: CheckResult): Rank {
  if (status === "failed") return severity === "error" ? "FAILED" : "WARNING";
  return status;
}

function counted({ passed, failed, warnings, skipped, errors }: ProofAssessment): string {
  return [
    `${passed} passed`,
    `${failed} failed`,
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
    ...(errors === 0 ? [] : [`${errors === 1 ? "1 server" : `${errors} servers`} not looked into`]),
  ].join(", ");
}

/** The proof as plain text: what failed first, with why it matters, what was found, and what to do; a summary last. */
export function renderProofTable(proof: Proof, options: ProofTableOptions = {}): readonly string[] {
  const style = options.style ?? plainStyle;
  const total = assessProof(proof.servers);
  const many = proof.servers.length === 1 ? "1 server" : `${proof.servers.length} servers`;
  return [
    ...proof.servers.flatMap((server) => [...serverLines(server, style, options.all ?? false), ""]),
    `${sanitize(proof.stack)}: ${many}, ${counted(total)}. ${style(total.ok ? "Proved." : "Not proved.", total.ok ? "good" : "bad")}`,
  ];
}

function serverLines(one: ServerProof, style: Style, all: boolean): readonly string[] {
  const { server, checks, error } = one;
  const why = whyUnseen(one);
  const ranked = RANKS.flatMap((rank) => checks.filter((check) => rankOf(check) === rank));
  const shown = ranked.filter((check) => all || check.status === "failed");
  const width = Math.max(0, ...shown.map(({ id }) => id.length));
  return [
    `${style(sanitize(server), "name")}: ${counted({ ...assessProof([one]), errors: 0 })}`,
    ...(why === undefined
      ? []
      : [
          `  ${style("NOT SEEN", "bad")}  ${sanitize(why)}`,
          ...(error === undefined ? [] : [`${INDENT}next:   ${sanitize(error.hint)}`]),
        ]),
    ...shown.flatMap((check) => checkLines(check, style, width)),
  ];
}

function checkLines(check: CheckResult, style: Style, width: number): readonly string[] {
  const rank = rankOf(check);
  const word = style(rank.padEnd("WARNING".length), TONES[rank]);
  const head = `  ${word}  ${check.id.padEnd(width)}  `;
  const detail = sanitize(check.detail);
  if (check.status !== "failed") return [`${head}${detail}`];
  const diff = check.diff ?? [];
  const todo = findCheck(check.id)?.todo;
  return [
    `${head}${check.title}`,
    `${INDENT}why:    ${check.reason}${check.cis === undefined ? "" : ` (${check.cis})`}`,
    `${INDENT}found:  ${detail}`,
    ...renderDiff(diff.slice(0, MAX_DIFF_LINES), style, `${INDENT}        `),
    ...(diff.length > MAX_DIFF_LINES
      ? [`${INDENT}        and ${diff.length - MAX_DIFF_LINES} lines more (--json shows all)`]
      : []),
    ...(todo === undefined ? [] : [`${INDENT}next:   ${todo}`]),
  ];
}
