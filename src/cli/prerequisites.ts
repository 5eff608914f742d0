import { RefusedError } from "../errors/error.ts";
import type { Fleet } from "../fleet/fleet-contract.ts";
import { canAsk, confirm } from "./ask.ts";
import type { CliContext } from "./context.ts";
import type { ChangeFlags } from "./flags.ts";

/**
 * Names what this computer lacks before anything is touched, and installs it after a yes.
 *
 * @throws RefusedError PREREQUISITE_MISSING, NOT_CONFIRMED
 */
export async function installPrerequisites(
  context: CliContext,
  flags: ChangeFlags,
  fleet: Fleet,
  command: string,
): Promise<void> {
  const needed = await fleet.prerequisites();
  if (needed.missing.length > 0) {
    throw new RefusedError("PREREQUISITE_MISSING", needed.missing.join("\n"));
  }
  if (needed.packages.length === 0) return;
  const list = needed.packages.join(" ");
  const sentence = `The provider "${fleet.stack.provider.name}" needs packages on this computer: ${list}`;
  if (!flags.yes) {
    if (!canAsk(context)) {
      throw new RefusedError("PREREQUISITE_MISSING", `${sentence}.`, {
        hint: `\`bootmachine ${command} --yes\` installs them; or install them yourself.`,
      });
    }
    context.stdout.write(`${sentence}.\n`);
    await confirm(
      context,
      "Install them now?",
      "The packages were not installed, and nothing was touched.",
    );
  }
  if (!flags.json) context.stdout.write(`Installing on this computer: ${list}\n`);
  await needed.install();
}
