import { type ProblemRecord, UserError } from "../errors/error.ts";
import type { WishProblem } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import type { StackMachines } from "./stack-machines.ts";

/** The code of problems together: that of an image where one of them is about one. */
function unknownCode(
  problems: readonly WishProblem[],
): "IMAGE_UNKNOWN" | "SIZE_UNKNOWN" | "CONFIG_INVALID" {
  if (problems.some(({ about }) => about === "image")) return "IMAGE_UNKNOWN";
  return problems.some(({ about }) => about === "size") ? "SIZE_UNKNOWN" : "CONFIG_INVALID";
}

/**
 * Before the first machine is made: an image or a size that the provider does not have is told, for all servers at once.
 *
 * Nobody is asked where every server has its machine.
 *
 * @throws UserError IMAGE_UNKNOWN or SIZE_UNKNOWN, CONFIG_INVALID where neither is meant, with a problem for each server
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
  const problems = missing.flatMap(({ name, roles, image, size }) =>
    provider
      .check({
        server: name,
        roles,
        ...(image === undefined ? {} : { image }),
        ...(size === undefined ? {} : { size }),
      })
      .map((problem) => ({ ...problem, path: name })),
  );
  const [first] = problems;
  if (first === undefined) return;
  throw new UserError(
    unknownCode(problems),
    problems.length === 1
      ? `${first.path}: ${first.message}.`
      : `${problems.length} wishes of the config cannot be met; nothing was made.`,
    {
      hint: "`bootmachine images` and `bootmachine sizes` list what there is.",
      ...(problems.length === 1
        ? {}
        : { problems: problems.map(({ path, message }): ProblemRecord => ({ path, message })) }),
    },
  );
}
