import { type Caller, unlessAborted } from "../../cloud/caller.ts";
import { ProviderError } from "../../errors/error.ts";
import type { ClientSettings, Exchange } from "./exchange.ts";
import { computeVersion } from "./versions.ts";

/** The micro-version that Nova is asked for: looked up with the first call, by all together. */
export class NovaVersion {
  readonly #limitMs: number;
  readonly #exchange: Exchange;
  #found: Promise<string | undefined> | undefined;

  constructor({ callTimeoutMs }: Pick<ClientSettings, "callTimeoutMs">, exchange: Exchange) {
    this.#limitMs = callTimeoutMs * 4;
    this.#exchange = exchange;
  }

  /** @param root Nova's. Undefined: it has no micro-versions. */
  async get(root: string, token: string, caller: Caller): Promise<string | undefined> {
    // Whoever shares the look must not lose it because the first one gave up.
    const shared = { ...caller, signal: AbortSignal.timeout(this.#limitMs) };
    this.#found ??= this.#look(root, token, shared);
    return await unlessAborted(this.#found, caller.signal);
  }

  async #look(root: string, token: string, caller: Caller): Promise<string | undefined> {
    try {
      const outcome = await this.#exchange.send(
        {
          method: "GET",
          url: documentOf(root),
          headers: { accept: "application/json", "x-auth-token": token },
        },
        { what: "read Nova's versions", kind: "read", isRepeatable: true, isAboutVersions: true },
        caller,
      );
      return outcome === "refused" ? undefined : computeVersion(outcome.text);
    } catch (thrown) {
      this.#found = undefined;
      if (thrown instanceof ProviderError && thrown.code === "PROVIDER_NOT_FOUND") return undefined;
      throw thrown;
    }
  }
}

/** Nova tells its versions at the root of a version, without the project id that old catalogues put behind it. */
function documentOf(root: string): string {
  return `${root.replace(/(\/v2(?:\.\d+)?)\/.*$/, "$1")}/`;
}
