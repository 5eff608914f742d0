import {
  type BootmachineError,
  type ProblemRecord,
  toBootmachineError,
  UserError,
} from "../errors/error.ts";
import type { ServerWish, WishProblem } from "../providers/contract.ts";
import type { Server } from "../stack/stack.ts";
import { providerContext, type RunContext } from "./run-context.ts";
import type { StackMachines } from "./stack-machines.ts";

/** What keeps a server's machine from being made. */
interface Obstacle extends ProblemRecord {
  readonly code: "IMAGE_UNKNOWN" | "SIZE_UNKNOWN" | "CONFIG_INVALID";
  /** Where the provider itself refused. */
  readonly error?: BootmachineError;
}

/**
 * Before anything is made: an image, a size, or whatever else is named that the provider does not have is told, for all
 * servers at once.
 *
 * Nobody is asked where every server has its machine.
 *
 * @throws UserError IMAGE_UNKNOWN or SIZE_UNKNOWN, CONFIG_INVALID where neither is meant, with a problem for each server;
 *   what the provider throws, where that is all
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
  const wishes = missing.map(wishOf);
  const looks = wishes.map(async (wish) => await provider.refuseUnknown?.(wish, caller));
  // What they answer, `check` knows from then on.
  const [looked] = await Promise.all([
    Promise.allSettled(looks),
    provider.capabilities.images ? provider.images(caller) : undefined,
    context.shared.sizes(async () => await provider.sizes(caller)),
  ]);
  const obstacles = wishes.flatMap((wish, index): readonly Obstacle[] => {
    const problems = provider.check(wish);
    if (problems.length > 0)
      return problems.map(({ about, message }) => ({
        path: wish.server,
        message,
        code: codeOf(about),
      }));
    const look = looked[index];
    return look?.status === "rejected" ? [toObstacle(wish.server, look.reason)] : [];
  });
  const [first] = obstacles;
  if (first !== undefined) throw toError(first, obstacles);
}

function wishOf({ name, roles, image, size }: Server): ServerWish {
  return {
    server: name,
    roles,
    ...(image === undefined ? {} : { image }),
    ...(size === undefined ? {} : { size }),
  };
}

function codeOf(about: WishProblem["about"]): Obstacle["code"] {
  if (about === "server") return "CONFIG_INVALID";
  return about === "image" ? "IMAGE_UNKNOWN" : "SIZE_UNKNOWN";
}

/** @throws what is no answer to the question, such as that the provider cannot be reached */
function toObstacle(server: string, thrown: unknown): Obstacle {
  const error = toBootmachineError(thrown);
  const { code, kind, message, hint } = error;
  if (kind !== "user" && code !== "PROVIDER_NOT_FOUND") throw error;
  const isNamed = code === "IMAGE_UNKNOWN" || code === "SIZE_UNKNOWN";
  return {
    path: server,
    message: message.replace(/\.$/, ""),
    hint,
    code: isNamed ? code : "CONFIG_INVALID",
    error,
  };
}

function toError(first: Obstacle, obstacles: readonly Obstacle[]): BootmachineError {
  if (first.error !== undefined && obstacles.every(({ message }) => message === first.message)) {
    if (obstacles.length === 1) first.error.server ??= first.path;
    return first.error;
  }
  const codes = obstacles.map(({ code }) => code);
  return new UserError(
    (["IMAGE_UNKNOWN", "SIZE_UNKNOWN"] as const).find((code) => codes.includes(code)) ??
      "CONFIG_INVALID",
    obstacles.length === 1
      ? `${first.path}: ${first.message}.`
      : `${obstacles.length} wishes of the config cannot be met; nothing was made.`,
    {
      hint: "`bootmachine images` and `bootmachine sizes` list what there is.",
      ...(obstacles.length === 1
        ? {}
        : {
            problems: obstacles.map(({ path, message, hint }): ProblemRecord => ({
              path,
              message,
              ...(hint === undefined ? {} : { hint }),
            })),
          }),
    },
  );
}
