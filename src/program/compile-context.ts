import type { DistroOperations } from "../distros/contract.ts";
import type { HostFacts } from "../host/facts.ts";
import type { ProgramMode } from "./program.ts";

/** One resource as shell commands: the bodies of its functions, a line or more each. */
export interface CompiledResource {
  /** Exit status 0 as wanted, 1 differs, 2 not to be looked at, 3 cannot be had. Changes nothing. */
  readonly check: readonly string[];
  /** Makes it as wanted; runs in a subshell. Absent: there is nothing to mend it with. */
  readonly mend?: readonly string[];
  /** The path whose state is looked up for all resources at once; the check finds its number in p_slot. */
  readonly path?: string;
  /** Packages whose state is looked up for all resources at once. */
  readonly packages?: readonly string[];
}

/** What the compiler of one resource may ask for. */
export interface CompileContext {
  readonly mode: ProgramMode;
  readonly facts: HostFacts;
  /**
   * The name of the shell function that is this operation of the distro.
   *
   * @throws ImpossibleOperation
   */
  operation(name: keyof DistroOperations): string;
  /** The name of a shell function that writes exactly this text on its standard output. */
  text(content: string): string;
  /** The name of a shell function with this command as its body. */
  part(command: string): string;
}

/** The distro cannot do what the resource needs; its message says why. Never leaves the compiler. */
export class ImpossibleOperation extends Error {}
