import type { Proof, ServerProof } from "../../proof/proof.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { makeReporter } from "../make-reporter.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { renderProofAs } from "../proof-formats.ts";
import { exitCodeOf } from "../run-phases.ts";
import { writeOutput } from "../write-output.ts";

export type ProofFormat = "table" | "json" | "junit" | "sarif";

export interface VerifyFlags extends SelectionFlags {
  readonly format: ProofFormat;
  readonly output?: string;
}

export async function verify(context: CliContext, flags: VerifyFlags): Promise<ExitCode> {
  // Events go to the terminal alone: with a format that a machine reads, or in a pipe, the proof is the output.
  const isAlone =
    flags.output === undefined &&
    !flags.json &&
    (flags.format !== "table" || context.stdout.isTTY !== true);
  const reporter = makeReporter(
    isAlone ? { ...context, stdout: { write: () => true } } : context,
    flags,
  );
  try {
    const fleet = await openFleet(context, flags, (event) => reporter.onEvent(event));
    const outcome = await fleet.verify(selectionOf(flags));
    reporter.close();
    const proof: Proof = {
      stack: fleet.stack.name,
      version: context.version,
      at: new Date().toISOString(),
      servers: outcome.servers.map(({ server, error }): ServerProof => ({
        server,
        checks: outcome.checks.get(server) ?? [],
        ...(error === undefined || error.code === "CHECK_FAILED" ? {} : { error }),
      })),
    };
    const text = await renderProofAs(context, flags, proof);
    if (flags.output !== undefined) await writeOutput(context, "--output", flags.output, text);
    else if (!flags.json) context.stdout.write(text);
    // The table says it itself, where it is what the terminal shows.
    if (!flags.json && (flags.format !== "table" || flags.output !== undefined))
      showUnreachable(context, outcome.servers);
    return exitCodeOf(outcome);
  } finally {
    reporter.close();
  }
}

/** For whoever sees the terminal alone. */
function showUnreachable(
  context: CliContext,
  servers: readonly {
    readonly server: string;
    readonly error?: { readonly code: string; readonly message: string };
  }[],
): void {
  for (const { server, error } of servers) {
    if (error !== undefined && error.code !== "CHECK_FAILED") {
      context.stderr.write(`${server}: not proved, ${error.code}: ${error.message}\n`);
    }
  }
}
