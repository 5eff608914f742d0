import type { Proof } from "../proof/proof.ts";
import { renderProofTable } from "../report/proof-table.ts";
import type { VerifyFlags } from "./commands/verify.ts";
import type { CliContext } from "./context.ts";
import { styleFor } from "./output-style.ts";

/** The proof in the form that the flags name; the machine-readable ones are loaded when they are asked for. */
export async function renderProofAs(
  context: CliContext,
  flags: VerifyFlags,
  proof: Proof,
): Promise<string> {
  switch (flags.format) {
    case "table": {
      const isColorWanted = flags.color && flags.output === undefined;
      const style = styleFor(context.stdout, context.env, isColorWanted);
      return `${renderProofTable(proof, { style, all: flags.verbose }).join("\n")}\n`;
    }
    case "json":
      return (await import("../report/proof-json.ts")).renderProofJson(proof);
    case "junit":
      return (await import("../report/proof-junit.ts")).renderProofJunit(proof);
    case "sarif":
      return (await import("../report/proof-sarif.ts")).renderProofSarif(proof);
  }
}
