import type { SharedWish } from "../providers/contract.ts";

/** One rule for what comes in, of which clouds have heaps with the same protocol and ports. */
export interface PlainRule {
  /** `tcp`, `udp`, `icmp`, `any`, or what else the cloud calls it. */
  readonly protocol: string;
  /** Undefined: all, or the protocol has none. */
  readonly ports: { readonly from: number; readonly to: number } | undefined;
  readonly from:
    /** The stack's own machines. */
    | { readonly kind: "stack" }
    /** In canonical form. */
    | { readonly kind: "prefix"; readonly prefix: string }
    /** What only the cloud knows, for people: "the prefix list pl-1". */
    | { readonly kind: "other"; readonly text: string };
}

export interface RuleWork<Rule> {
  /** To be opened now. */
  readonly missing: readonly Rule[];
  /** Is open, or will be when the missing ones are, and not among the declared ones. */
  readonly surplus: readonly Rule[];
}

/**
 * What lies between the rules that a firewall has and those that are wanted.
 *
 * @param keyOf the same for what the cloud takes for one rule
 */
export function compareRules<Rule>(
  rules: {
    readonly present: readonly Rule[];
    readonly declared: readonly Rule[];
    readonly meanwhile: readonly Rule[];
  },
  mode: SharedWish["mode"],
  keyOf: (rule: Rule) => string,
): RuleWork<Rule> {
  const keysOf = (list: readonly Rule[]): ReadonlySet<string> => new Set(list.map(keyOf));
  const present = keysOf(rules.present);
  const declared = keysOf(rules.declared);
  const wanted = mode === "close" ? rules.declared : [...rules.declared, ...rules.meanwhile];
  const missing = [...new Map(wanted.map((rule) => [keyOf(rule), rule]))].flatMap(([key, rule]) =>
    present.has(key) ? [] : [rule],
  );
  return {
    missing,
    surplus: [...rules.present, ...missing].filter((rule) => !declared.has(keyOf(rule))),
  };
}

const EVERYWHERE = ["0.0.0.0/0", "::/0"];

/** The rules as people read them; those of the same ports from the same kind of place are one. */
export function toTexts(rules: readonly PlainRule[]): readonly string[] {
  const byPorts = Map.groupBy(rules, ({ protocol, ports }) =>
    [protocol, ...portsText(ports)].join(" "),
  );
  return [...byPorts].flatMap(([what, same]) => {
    const prefixes = new Set(
      same.flatMap(({ from }) => (from.kind === "prefix" ? [from.prefix] : [])),
    );
    const isAnywhere = EVERYWHERE.every((prefix) => prefixes.has(prefix));
    const listed = [...prefixes].filter((prefix) => !isAnywhere || !EVERYWHERE.includes(prefix));
    const others = same.flatMap(({ from }) => (from.kind === "other" ? [from.text] : []));
    const sources = [
      ...(isAnywhere ? ["anywhere"] : []),
      ...(listed.length > 0 ? [listed.join(", ")] : []),
      ...(same.some(({ from }) => from.kind === "stack") ? ["the stack's servers"] : []),
      ...new Set(others),
    ];
    return sources.map((source) => `${what} from ${source}`);
  });
}

function portsText(ports: PlainRule["ports"]): readonly string[] {
  if (ports === undefined) return [];
  return [ports.from === ports.to ? String(ports.from) : `${ports.from}-${ports.to}`];
}
