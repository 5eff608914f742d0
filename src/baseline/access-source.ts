import { RefusedError } from "../errors/error.ts";
import { isListed } from "../stack/address-list.ts";
import type { ChangeAccessOptions } from "./access-change.ts";
import { SCRIPT_LIMIT_MS } from "./access-limits.ts";
import { sshSources } from "./access-resources.ts";

/** What sshd says of the login: the address from which the host sees us come, behind whatever translates it. */
const SOURCE_SCRIPT = "printf '%s\\n' \"${SSH_CONNECTION%% *}\"";

/**
 * Refuses a narrowing of ssh that leaves out the address by which we are here. What this cannot know (another way with
 * another address), the proof of the new way finds.
 *
 * @throws RefusedError SSH_SOURCE_REFUSED
 */
export async function checkSource({ context, host }: ChangeAccessOptions): Promise<void> {
  const sources = sshSources(context);
  if (sources === undefined) return;
  const { stdout } = await host.run(SOURCE_SCRIPT, { asRoot: false, timeoutMs: SCRIPT_LIMIT_MS });
  const address = stdout.trim();
  if (address === "" || isListed(sources, address)) return;
  throw new RefusedError(
    "SSH_SOURCE_REFUSED",
    `${host.server} sees this computer come from ${address}, and the config lets nobody in from there: the ssh port is opened for ${sources.join(", ")}.`,
    { server: host.server },
  );
}
