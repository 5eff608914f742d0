import { type ProblemRecord, UserError } from "../errors/error.ts";
import type { Server } from "../stack/stack.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import type { StackMachines } from "./stack-machines.ts";

/**
 * Before the first machine is made: an image or a size that the provider does not have is told, for all servers at once.
 *
 * Nobody is asked where every server has its machine.
 *
 * @throws UserError IMAGE_UNKNOWN or SIZE_UNKNOWN, with a problem for each server
 */
export async function refuseUnknownWishes(
  context: RunContext,
  servers: readonly Server[],
  observed: StackMachines,
): Promise<void> {
  const { provider } = context.stack;
  const missing = servers.filter(({ name }) => observed.get(name) === undefined);
  if (missing.length === 0 || !provider.capabilities.creates) return;
  const caller = providerContext(context);
  // What they answer, `check` knows from then on.
  await Promise.all([
    provider.capabilities.images ? provider.images(caller) : undefined,
    context.shared.sizes(async () => await provider.sizes(caller)),
  ]);
  const problems = missing.flatMap(({ name, roles, image, size }): ProblemRecord[] =>
    provider
      .check({
        server: name,
        roles,
        ...(image === undefined ? {} : { image }),
        ...(size === undefined ? {} : { size }),
      })
      .map((message) => ({ path: name, message })),
  );
  const [first] = problems;
  if (first === undefined) return;
  const isAboutImage = problems.some(({ message }) => message.includes("image"));
  throw new UserError(
    isAboutImage ? "IMAGE_UNKNOWN" : "SIZE_UNKNOWN",
    problems.length === 1
      ? `${first.path}: ${first.message}.`
      : `${problems.length} wishes of the config cannot be met; nothing was made.`,
    {
      hint: "`bootmachine images` and `bootmachine sizes` list what there is.",
      ...(problems.length === 1 ? {} : { problems }),
    },
  );
}
