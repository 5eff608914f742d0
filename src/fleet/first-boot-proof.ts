import { RefusedError } from "../errors/error.ts";
import type { HostFacts } from "../host/facts.ts";
import type { Machine } from "../providers/contract.ts";

/**
 * Judges a new machine by the nonce that its user-data was to leave on it.
 *
 * @returns undefined where all is well; else a warning: user-data was not carried out, and something else let us in
 * @throws RefusedError FIRST_BOOT_UNPROVEN where nothing else could
 */
export function judgeFirstBoot(
  { server, firstBoot }: Pick<Machine, "server" | "firstBoot">,
  { firstBootNonce: found, hasCloudInit }: Pick<HostFacts, "firstBootNonce" | "hasCloudInit">,
): string | undefined {
  if (firstBoot === undefined || firstBoot.nonce === found) return undefined;
  const text =
    found === undefined
      ? `The user-data of ${server} was not carried out${hasCloudInit ? "" : ": its image has no cloud-init"}.`
      : `What was carried out on ${server} at its first boot is not the user-data that was given to it.`;
  if (!firstBoot.isOnlyWay) return text;
  throw new RefusedError(
    "FIRST_BOOT_UNPROVEN",
    `${text} Nothing else was to let us in, so nothing more was done there.`,
    {
      server,
      hint: `\`bootmachine console ${server}\` shows what cloud-init did. An image that was made of a server may have to forget it: \`cloud-init clean\`.`,
    },
  );
}
