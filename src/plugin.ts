/** For plug-in authors: what a plug-in is made of. A plug-in is a plain object from a factory, passed by value in the config. */
import type { Configurator } from "./configurators/contract.ts";
import type { Distro } from "./distros/contract.ts";
import { UserError } from "./errors/error.ts";
import type { Provider } from "./providers/contract.ts";

/** The version of the plug-in contracts that this bootmachine understands. */
export const PLUGIN_API_VERSION = 1;

/**
 * Gives the provider back unchanged, with its options typed where they are written.
 *
 * @throws UserError CONFIG_INVALID when it was written for another version of the contract.
 */
export function defineProvider<P extends Provider>(provider: P): P {
  return requireVersion("provider", provider);
}

/** Gives the distro back unchanged. @throws UserError CONFIG_INVALID for another version of the contract. */
export function defineDistro<D extends Distro>(distro: D): D {
  return requireVersion("distro", distro);
}

/** Gives the configurator back unchanged. @throws UserError CONFIG_INVALID for another version of the contract. */
export function defineConfigurator<C extends Configurator>(configurator: C): C {
  return requireVersion("configurator", configurator);
}

/** The types say 1 already; plain JavaScript, and a plug-in that was compiled against another release, may not. */
function requireVersion<
  T extends { readonly kind: string; readonly apiVersion: number; readonly name: string },
>(kind: string, plugin: T): T {
  if (plugin.kind !== kind) {
    throw new UserError(
      "CONFIG_INVALID",
      `"${plugin.name}" is no ${kind}: its kind is "${plugin.kind}".`,
    );
  }
  if (plugin.apiVersion !== PLUGIN_API_VERSION) {
    throw new UserError(
      "CONFIG_INVALID",
      `The ${kind} "${plugin.name}" is written for version ${plugin.apiVersion} of the plug-in contract; this bootmachine understands ${PLUGIN_API_VERSION}.`,
      { hint: "Install the release of the plug-in that goes with this bootmachine." },
    );
  }
  return plugin;
}

export * from "./configurators/contract.ts";
export * from "./distros/contract.ts";
export {
  BootmachineError,
  CancelledError,
  ProviderError,
  RefusedError,
  RemoteError,
  TimeoutError,
  UserError,
} from "./errors/error.ts";
export type { HostFacts } from "./host/facts.ts";
export { quote } from "./program/quote.ts";
export type * from "./program/resource.ts";
export type { PluginFactory } from "./stack/plugin-registry.ts";
export * from "./providers/contract.ts";
export { imageOf, imageText, sizeOf, sizeText } from "./stack/wishes.ts";
