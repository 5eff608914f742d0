import type { Distro, DistroOperations } from "../distros/contract.ts";
import type { HostFacts } from "../host/facts.ts";
import { checkResources } from "./check-resources.ts";
import {
  type CompileContext,
  type CompiledResource,
  ImpossibleOperation,
} from "./compile-context.ts";
import { compileResource } from "./compile-resource.ts";
import { expandResources, type SimpleResource } from "./expand-resources.ts";
import type { Program, ProgramMode } from "./program.ts";
import { quote } from "./quote.ts";
import type { Resource } from "./resource.ts";
import { resourceId } from "./resource-id.ts";
import { shellLibrary } from "./shell/library.ts";
import { functionText, namesIn, pick, withoutUnused } from "./shell-functions.ts";
import { PREAMBLE } from "./shell/report-functions.ts";
import { textFunction } from "./text-function.ts";
import { noteTrigger, type NotedTrigger } from "./triggers.ts";

export interface CompileOptions {
  /** Stack, server and phase, for whoever reads the program on the host. */
  readonly title: string;
  readonly mode: ProgramMode;
  readonly distro: Distro;
  readonly facts: HostFacts;
  /**
   * Shell text, run last where nothing failed; what it prints is the report's `reading`. Must change nothing. Saves whoever
   * needs something from the host another round trip.
   */
  readonly reading?: string;
}

/** The functions of a resource, and how the program's main function goes through it. */
interface Section {
  readonly id: string;
  readonly compiled: CompiledResource;
  /** Shell functions, by name. */
  readonly functions: ReadonlyMap<string, string>;
  /** The line of the main function. */
  readonly call: string;
}

/**
 * Compiles resources to one POSIX shell program that checks each, mends what differs (apply mode) and reports.
 *
 * What the distro says is impossible is reported as failed, with its reason, when the program runs.
 *
 * @throws InternalError where a resource is malformed, or two contradict each other; the message names the id.
 */
export function compileProgram(resources: readonly Resource[], options: CompileOptions): Program {
  const { distro, facts, mode } = options;
  checkResources(resources);
  const simple = expandResources(resources, distro, facts);
  checkResources(simple);
  const compiler = new ProgramCompiler(mode, facts, distro.operations(facts));
  const sections = simple.map((resource) => compiler.compile(resource));
  return {
    title: options.title,
    mode,
    text: compiler.assemble(oneLine(options.title), sections, options.reading),
    ids: sections.map(({ id }) => id),
  };
}

class ProgramCompiler {
  readonly #mode: ProgramMode;
  readonly #facts: HostFacts;
  readonly #operations: DistroOperations;
  readonly #triggers = new Map<string, NotedTrigger>();
  /** Paths that are looked at all at once, by their number. */
  readonly #slots = new Map<string, number>();
  #sections = 0;
  #texts = 0;
  #parts = 0;

  constructor(mode: ProgramMode, facts: HostFacts, operations: DistroOperations) {
    this.#mode = mode;
    this.#facts = facts;
    this.#operations = operations;
  }

  compile(resource: SimpleResource): Section {
    const id = resourceId(resource);
    const number = ++this.#sections;
    const functions = new Map<string, string>();
    let compiled: CompiledResource;
    let triggers: readonly NotedTrigger[] = [];
    try {
      triggers = (resource.triggers ?? []).map((trigger) => noteTrigger(trigger, this.#operations));
      compiled = compileResource(resource, this.#contextFor(functions));
    } catch (error) {
      if (!(error instanceof ImpossibleOperation)) throw error;
      compiled = { check: [`p_reason=${quote(oneLine(error.message))}`, "return 3"] };
    }
    for (const trigger of triggers) this.#triggers.set(trigger.key, trigger);

    const check = `p_check_${number}`;
    functions.set(
      check,
      functionText(check, [...conditionOf(resource), ...this.#slotOf(compiled), ...compiled.check]),
    );
    if (this.#mode === "check") {
      const keys = triggers.map(({ key }) => ` ${key}`).join("");
      return {
        id,
        compiled,
        functions: withoutUnused(functions, check),
        call: `p_check_resource ${quote(id)} ${check}${keys}`,
      };
    }
    let call = `p_apply_resource ${quote(id)} ${check}`;
    if (compiled.mend !== undefined) {
      const mend = `p_mend_${number}`;
      functions.set(mend, functionText(mend, compiled.mend));
      call += ` ${mend}`;
      if (triggers.length > 0) {
        const note = `p_note_${number}`;
        functions.set(
          note,
          functionText(
            note,
            triggers.map(({ key }) => `${this.#noteCommand(key)} || return`),
          ),
        );
        call += ` ${note}`;
      }
    }
    return { id, compiled, functions, call };
  }

  assemble(title: string, sections: readonly Section[], reading?: string): string {
    const main = this.#mainFunction(sections, reading);
    const triggers = new Map(
      this.#mode === "check"
        ? []
        : [...this.#triggers.values()].map(({ key, script }) => [
            `p_trigger_${key}`,
            textFunction(`p_trigger_${key}`, script),
          ]),
    );
    const library = shellLibrary(this.#mode, this.#facts);
    const operations = operationFunctions(this.#operations);
    const code = [main, ...sections.flatMap(({ functions }) => [...functions.values()])];
    const used = namesIn(code, new Map([...library, ...operations]));
    return [
      headOf(title, this.#mode, sections.length),
      PREAMBLE,
      ...pick(library, used),
      ...pick(operations, used),
      ...triggers.values(),
      ...sections.map(({ id, functions }, index) =>
        [`# ${index + 1} of ${sections.length}: ${id}`, ...functions.values()].join("\n"),
      ),
      main,
      // On one line and in braces: a text that was cut short is a syntax error here, and nothing runs.
      "{ p_main </dev/null; exit; }\n",
    ].join("\n\n");
  }

  #contextFor(functions: Map<string, string>): CompileContext {
    return {
      mode: this.#mode,
      facts: this.#facts,
      operation: (name) => {
        const operation = this.#operations[name];
        if ("impossible" in operation) throw new ImpossibleOperation(operation.impossible);
        return `op_${name}`;
      },
      text: (content) => {
        const name = `p_text_${++this.#texts}`;
        functions.set(name, textFunction(name, content));
        return name;
      },
      part: (command) => {
        const name = `p_part_${++this.#parts}`;
        functions.set(name, functionText(name, [command]));
        return name;
      },
    };
  }

  #slotOf({ path }: CompiledResource): readonly string[] {
    if (path === undefined) return [];
    const slot = this.#slots.get(path) ?? this.#slots.size + 1;
    this.#slots.set(path, slot);
    return [`p_slot=${slot}`];
  }

  #noteCommand(key: string): string {
    const position = [...this.#triggers.keys()].indexOf(key) + 1;
    return `p_note ${String(position).padStart(3, "0")} ${key} p_trigger_${key}`;
  }

  #mainFunction(sections: readonly Section[], reading: string | undefined): string {
    const paths = [...this.#slots.keys()];
    const packages = unique(sections.flatMap(({ compiled }) => compiled.packages ?? []));
    const keys = [...this.#triggers.keys()].map((key) => ` ${key}`).join("");
    return functionText("p_main", [
      `p_line 'bm1 begin ${sections.length} resources'`,
      "p_now",
      "p_begin_ms=$p_ms",
      ...(paths.length === 0 ? [] : [`p_look ${paths.map(quote).join(" \\\n    ")}`]),
      ...(packages.length < 2 ? [] : [`p_all_packages='${packages.join(" ")}'`]),
      ...sections.map(({ call }) => call),
      this.#mode === "check"
        ? `p_report_pending${keys}`
        : '[ -n "$p_failed$p_stopped" ] || p_run_pending',
      ...(reading === undefined
        ? []
        : [`[ -n "$p_failed$p_stopped" ] || p_reading ${quote(reading)}`]),
      "p_now",
      `if [ -n "$p_failed" ]; then p_status=1; else p_status=0; fi`,
      'p_line "bm1 end $p_status $((p_ms - p_begin_ms)) ms"',
      'return "$p_status"',
    ]);
  }
}

function conditionOf(resource: Resource): readonly string[] {
  if (resource.onlyIf === undefined) return [];
  const reason = resource.skipReason ?? "its condition does not hold";
  return [`p_only_if ${quote(resource.onlyIf)} ${quote(reason)}`, '[ -z "$p_reason" ] || return 2'];
}

function operationFunctions(operations: DistroOperations): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(operations).flatMap(
      ([name, operation]: [string, DistroOperations[keyof DistroOperations]]) =>
        "sh" in operation ? [[`op_${name}`, `op_${name}() {\n${operation.sh}\n}`] as const] : [],
    ),
  );
}

function headOf(title: string, mode: ProgramMode, count: number): string {
  return `#!/bin/sh
# bootmachine: ${title}
#
# ${
    mode === "check"
      ? "Looks at what this host should be like, and changes nothing."
      : "Looks at what this host should be like, and mends what differs."
  } ${count} resources, each with a comment below.
# It is generated from the stack's config: change that, not this. It may hold secrets: keep it mode 0600.
# Each line of its report begins with "bm1". It reads no standard input, and may be run by hand, again and again:
#
#     sh THIS_FILE | less`;
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[\u0000-\u001F\u007F\s]+/g, " ")
    .trim()
    .slice(0, 200);
}
