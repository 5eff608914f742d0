import type { Provider, ProviderContext } from "../contract.ts";

/** The `local` provider: what every provider has, and the removal of what it keeps beyond the servers' lives. */
export interface LocalProvider extends Provider {
  removeCache(context: ProviderContext): Promise<readonly string[]>;
}
