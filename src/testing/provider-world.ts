import type { MachineRequest, Provider, ProviderContext } from "../providers/contract.ts";

/** `describe` and `it` of any test runner: vitest's and those of node:test fit. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** Ways in which creating goes wrong at a provider. Each function prepares the fault; some make the attempt themselves. */
export interface ProviderFaults {
  /** Makes one attempt to create the machine, whose answer never comes back although it was carried out. */
  readonly answerLost: (request: MachineRequest, context: ProviderContext) => Promise<void>;
  /** Makes one attempt to create the machine, which fails after a part of it has been made. */
  readonly createFailsHalfWay: (request: MachineRequest, context: ProviderContext) => Promise<void>;
  /** The next calls are refused for a moment; the returned function says how many came before the moment was over. */
  readonly rateLimit: () => Promise<() => number>;
  /** Gives back a request for a machine that goes into its error state. */
  readonly errorState: (request: MachineRequest) => Promise<MachineRequest>;
  /** The next machine is without an address at first. */
  readonly addressLate: () => Promise<void>;
  /** A further machine that stands for the server comes into being, as of a create whose answer was lost: like ours in all its marks, and younger. */
  readonly secondMachine: (server: string, context: ProviderContext) => Promise<void>;
  /** The next create is answered as if it were carried out, and is not. */
  readonly acceptedAndLost: () => Promise<void>;
  /** The next calls are refused as too many, and nothing is said of a time. */
  readonly rateLimitWithoutTime: () => Promise<void>;
  /** The next looks at the machines fail, a few in a row. */
  readonly serverErrors: () => Promise<void>;
  /** No further machine is allowed; the returned function lifts that. */
  readonly quota: () => Promise<() => Promise<void>>;
  /** Whatever the provider has logged in with so far is refused from now on. */
  readonly credentialEnds: () => Promise<void>;
  /** Gives back a provider of the same kind, with a credential that is not right. */
  readonly wrongCredential: () => Provider;
}

/** One provider, ready for one test. */
export interface ProviderWorld {
  readonly provider: Provider;
  /** A name of a stack that nothing else uses; a second one is made by adding to it. */
  readonly stack: string;
  /** Two server names that this provider can serve. */
  readonly servers: readonly [string, string];
  /** What a machine needs here, such as an image. */
  readonly request?: Partial<Pick<MachineRequest, "image" | "size" | "bootstrapKeys">>;
  /** Puts something of this server's name there that is not ours; returns how to take it away. */
  readonly putForeign?: (server: string) => Promise<() => Promise<void>>;
  /**
   * Takes a server's machine away at the provider, behind bootmachine's back; what was made for it beside stays. Needed
   * where the provider tells leftovers.
   */
  readonly loseMachine?: (server: string) => Promise<void>;
  /** Everything that the stack's machines left, by name; empty after the last destroy. */
  readonly leftovers?: (stack: string) => Promise<readonly string[]>;
  /** All but those that the suite's options call not applicable. */
  readonly faults: Partial<ProviderFaults>;
  /** Frees what the world itself holds. */
  readonly close?: () => Promise<void>;
}
