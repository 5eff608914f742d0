import type { TypedFlagParameter } from "@stricli/core";

import type { CliContext } from "./context.ts";

/** What every command can be told. */
export interface OutputFlags {
  readonly json: boolean;
  readonly plain: boolean;
  readonly color: boolean;
  readonly verbose: boolean;
}

export interface ConfigFlags extends OutputFlags {
  readonly config?: string;
  /** The command is about the rehearsal of the stack on local servers. */
  readonly rehearse: boolean;
}

export interface SelectionFlags extends ConfigFlags {
  readonly server?: readonly string[];
  readonly role?: readonly string[];
  readonly concurrency?: number;
}

export interface ChangeFlags extends SelectionFlags {
  readonly yes: boolean;
}

type FlagsOf<T> = { readonly [K in keyof T]-?: TypedFlagParameter<T[K], CliContext> };

export const OUTPUT_FLAGS: FlagsOf<OutputFlags> = {
  json: {
    kind: "boolean",
    brief: "Machine-readable output on standard output, and nothing else there",
    default: false,
    withNegated: false,
  },
  plain: {
    kind: "boolean",
    brief: "Plain lines instead of the live view",
    default: false,
    withNegated: false,
  },
  color: { kind: "boolean", brief: "Colours on a terminal; NO_COLOR is honoured", default: true },
  verbose: {
    kind: "boolean",
    brief: "Show more: output of the hosts, stack traces",
    default: false,
    withNegated: false,
  },
};

export const CONFIG_FLAGS: FlagsOf<ConfigFlags> = {
  config: {
    kind: "parsed",
    parse: String,
    brief: "The config file; otherwise bootmachine.config.* here or above",
    placeholder: "FILE",
    optional: true,
  },
  rehearse: {
    kind: "boolean",
    brief: "The rehearsal of the stack, on servers of this computer, is meant",
    default: false,
    withNegated: false,
  },
  ...OUTPUT_FLAGS,
};

export const SELECTION_FLAGS: FlagsOf<SelectionFlags> = {
  server: {
    kind: "parsed",
    parse: String,
    brief: "Only servers of this name or glob; may be repeated",
    placeholder: "NAME",
    variadic: ",",
    optional: true,
  },
  role: {
    kind: "parsed",
    parse: String,
    brief: "Only servers of this role; may be repeated",
    placeholder: "ROLE",
    variadic: ",",
    optional: true,
  },
  concurrency: {
    kind: "parsed",
    parse: parseConcurrency,
    brief: "How many servers are worked on at once (1-1000)",
    placeholder: "NUMBER",
    optional: true,
  },
  ...CONFIG_FLAGS,
};

export const CHANGE_FLAGS: FlagsOf<ChangeFlags> = {
  yes: {
    kind: "boolean",
    brief: "Answer every question with yes",
    default: false,
    withNegated: false,
  },
  ...SELECTION_FLAGS,
};

export const CONFIG_ALIASES = { c: "config" } as const;
export const SELECTION_ALIASES = { ...CONFIG_ALIASES, s: "server", r: "role" } as const;
export const CHANGE_ALIASES = { ...SELECTION_ALIASES, y: "yes" } as const;

function parseConcurrency(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 1000) {
    throw new Error("a whole number from 1 to 1000 is wanted");
  }
  return number;
}
