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
interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: "fail";
  readonly level: "error" | "warning";
  readonly message: SarifText;
  readonly locations: readonly {
    readonly logicalLocations: readonly {
      readonly name: string;
      readonly fullyQualifiedName: string;
      readonly kind: "resource";
    }[];
  }[];
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
      readonly executionSuccessful: true;
      readonly endTimeUtc: string;
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
    help: { text: `${check.reason} ${check.todo}` },
    defaultConfiguration: { level: check.severity },
    properties: {
      tags: ["security", check.from],
      ...(check.cis === undefined ? {} : { cis: check.cis }),
    },
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
    locations: [
      {
        logicalLocations: [
          { name: server, fullyQualifiedName: `${stack}/${server}`, kind: "resource" },
        ],
      },
    ],
    // The same finding has the same print in every run, whatever was seen exactly.
    partialFingerprints: { "bootmachineCheck/v1": `${stack}/${server}/${check.id}` },
  };
}

/** The proof as a SARIF log: every check is a rule, every failed check a result. */
export function toSarif(proof: Proof): SarifLog {
  const rules = Object.values(CHECKS).map((check) => toRule(check));
  const indexes = new Map(rules.map(({ id }, index) => [id, index]));
  const results = proof.servers.flatMap(({ server, checks }) =>
    checks
      .filter(({ status }) => status === "failed")
      .map((check) => toResult(proof.stack, server, check, indexes.get(check.id) ?? -1)),
  );
  return {
    $schema: SARIF_SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "bootmachine", semanticVersion: proof.version, rules } },
        automationDetails: { id: `bootmachine/${proof.stack}/` },
        invocations: [{ executionSuccessful: true, endTimeUtc: proof.at }],
        results,
      },
    ],
  };
}

export function renderProofSarif(proof: Proof): string {
  return `${JSON.stringify(toSarif(proof), undefined, 2)}\n`;
}
