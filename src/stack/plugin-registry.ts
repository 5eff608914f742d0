import type { Configurator } from "../configurators/contract.ts";
import type { Distro } from "../distros/contract.ts";
import type { Provider } from "../providers/contract.ts";
import type { z } from "zod";
import type { Environment } from "./environment.ts";

/** The kinds of plug-in, and what each one is. */
export interface PluginKinds {
  readonly provider: Provider;
  readonly configurator: Configurator;
  readonly distro: Distro;
}
export type PluginKind = keyof PluginKinds;

/**
 * How a YAML or JSON config makes a plug-in from its name and options. A package of plug-ins exports one
 * as `plugin`, or as its default.
 */
export interface PluginFactory<K extends PluginKind = PluginKind> {
  readonly kind: K;
  readonly name: string;
  /** A strict zod object; absent: the plug-in has no options. It is what the JSON Schema is made from. */
  readonly options?: z.ZodType;
  /** Gets what `options` made of the user's options, and the environment. May throw UserError with problems. */
  create(options: never, environment?: Environment): PluginKinds[K];
}

/** A built-in plug-in: known by name, loaded when it is used. */
export interface PluginEntry<K extends PluginKind = PluginKind> {
  readonly kind: K;
  readonly name: string;
  load(): Promise<PluginFactory<K>>;
}

type AnyEntry = { readonly [K in PluginKind]: PluginEntry<K> }[PluginKind];

/** Built-in plug-ins by kind and name. */
export class PluginRegistry {
  readonly #entries: readonly AnyEntry[];

  constructor(entries: readonly AnyEntry[]) {
    this.#entries = entries;
  }

  /** The names of a kind, in the order of registration. */
  names(kind: PluginKind): readonly string[] {
    return this.#entries.filter((entry) => entry.kind === kind).map((entry) => entry.name);
  }

  /** Loads a plug-in's factory; undefined where the name is not known. */
  async load<K extends PluginKind>(kind: K, name: string): Promise<PluginFactory<K> | undefined> {
    const entry = this.#entries.find(
      (candidate): candidate is Extract<AnyEntry, { kind: K }> =>
        candidate.kind === kind && candidate.name === name,
    );
    return (await entry?.load()) as PluginFactory<K> | undefined;
  }
}
