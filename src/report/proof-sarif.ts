import { whyUnseen } from "../proof/assess-proof.ts";
import type { CheckDefinition, CheckResult } from "../proof/check.ts";
import { CHECKS } from "../proof/checks.ts";
import type { Proof } from "../proof/proof.ts";

const SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

interface SarifText {
  readonly text: string;
}
interface SarifRule {
  readonly id: string;
  readonly name: string;
  readonly shortDescription: SarifText;
  readonly fullDescription: SarifText;
  readonly help: SarifText;
  readonly defaultConfiguration: { readonly level: "error" | "warning" };
  readonly properties: { readonly tags: readonly string[]; readonly cis?: string };
}
interface SarifLocation {
  readonly logicalLocations: readonly {
    readonly name: string;
    readonly fullyQualifiedName: string;
    readonly kind: "resource";
  }[];
}
interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: "fail";
  readonly level: "error" | "warning";
  readonly message: SarifText;
  readonly locations: readonly SarifLocation[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

/** The part of SARIF 2.1.0 that is used here. */
export interface SarifLog {
  readonly $schema: string;
  readonly version: "2.1.0";
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: "bootmachine";
        readonly semanticVersion: string;
        readonly rules: readonly SarifRule[];
      };
    };
    readonly automationDetails: { readonly id: string };
    readonly invocations: readonly {
      readonly executionSuccessful: boolean;
      readonly endTimeUtc: string;
      /** A server that could not be looked into, each. */
      readonly toolExecutionNotifications: readonly {
        readonly level: "error";
        readonly message: SarifText;
        readonly descriptor: { readonly id: string };
        readonly locations: readonly SarifLocation[];
      }[];
    }[];
    readonly results: readonly SarifResult[];
  }[];
}

/** "ssh-root-refused" → "SshRootRefused": SARIF wants a rule's name in this form. */
function pascalCase(id: string): string {
  return id
    .split("-")
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join("");
}

function toRule(check: CheckDefinition): SarifRule {
  return {
    id: check.id,
    name: pascalCase(check.id),
    shortDescription: { text: check.title },
    fullDescription: { text: check.reason },
    help: { text: `${check.reason} ${check.todo}`.trim() },
    defaultConfiguration: { level: check.severity },
    properties: {
      tags: ["security", check.from],
      ...(check.cis === undefined ? {} : { cis: check.cis }),
    },
  };
}

function locationOf(stack: string, server: string): SarifLocation {
  return {
    logicalLocations: [
      { name: server, fullyQualifiedName: `${stack}/${server}`, kind: "resource" },
    ],
  };
}

function toResult(
  stack: string,
  server: string,
  check: CheckResult,
  ruleIndex: number,
): SarifResult {
  return {
    ruleId: check.id,
    ruleIndex,
    kind: "fail",
    level: check.severity,
    message: { text: [`${server}: ${check.detail}`, ...(check.diff ?? [])].join("\n") },
    locations: [locationOf(stack, server)],
    // The same finding has the same print in every run, whatever was seen exactly.
    partialFingerprints: { "bootmachineCheck/v1": `${stack}/${server}/${check.id}` },
  };
}

/** The configurator's own checks stand in no table: each is a rule by what its results say of it. */
function rulesOf(proof: Proof): readonly SarifRule[] {
  const rules = new Map<string, SarifRule>(
    Object.values(CHECKS).map((check) => [check.id, toRule(check)]),
  );
  for (const check of proof.servers.flatMap(({ checks }) => checks)) {
    if (!rules.has(check.id)) rules.set(check.id, toRule({ ...check, todo: "" }));
  }
  return [...rules.values()];
}

/** The proof as a SARIF log: every check is a rule, every failed check a result, every server not looked into a notification. */
export function toSarif(proof: Proof): SarifLog {
  const rules = rulesOf(proof);
  const indexes = new Map(rules.map(({ id }, index) => [id, index]));
  const results = proof.servers.flatMap(({ server, checks }) =>
    checks
      .filter(({ status }) => status === "failed")
      .map((check) => toResult(proof.stack, server, check, indexes.get(check.id) ?? -1)),
  );
  const notifications = proof.servers.flatMap((one) => {
    const why = whyUnseen(one);
    return why === undefined ? [] : [{ server: one.server, code: one.error?.code, why }];
  });
  return {
    $schema: SARIF_SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "bootmachine", semanticVersion: proof.version, rules } },
        automationDetails: { id: `bootmachine/${proof.stack}/` },
        invocations: [
          {
            executionSuccessful: notifications.length === 0,
            endTimeUtc: proof.at,
            toolExecutionNotifications: notifications.map(({ server, code, why }) => ({
              level: "error",
              message: { text: `${server} could not be looked into: ${why}` },
              descriptor: { id: code ?? "not-seen" },
              locations: [locationOf(proof.stack, server)],
            })),
          },
        ],
        results,
      },
    ],
  };
}

export function renderProofSarif(proof: Proof): string {
  return `${JSON.stringify(toSarif(proof), undefined, 2)}\n`;
}
