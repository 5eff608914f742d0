import { assessProof, whyUnseen } from "../proof/assess-proof.ts";
import type { CheckResult } from "../proof/check.ts";
import { findCheck } from "../proof/checks.ts";
import type { Proof, ServerProof } from "../proof/proof.ts";

/** XML 1.0 allows no other control characters, and no half surrogates, not even as references. */
const ALLOWED = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]$/u;

/** Text for XML content and attribute values; what XML cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  const escaped = new Map([
    ["&", "&amp;"],
    ["<", "&lt;"],
    [">", "&gt;"],
    ['"', "&quot;"],
    ["'", "&apos;"],
    ["\n", "&#10;"],
    ["\r", "&#13;"],
    ["\t", "&#9;"],
  ]);
  return Array.from(
    text,
    (character) => escaped.get(character) ?? (ALLOWED.test(character) ? character : "\uFFFD"),
  ).join("");
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly string[] = [],
): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeXml(String(value))}"`,
  );
  const open = `<${name}${words.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function storyOf(check: CheckResult): string {
  const todo = findCheck(check.id)?.todo;
  return [
    check.title,
    `why: ${check.reason}`,
    ...(check.cis === undefined ? [] : [check.cis]),
    `found: ${check.detail}`,
    ...(check.diff ?? []),
    ...(todo === undefined ? [] : [`next: ${todo}`]),
  ].join("\n");
}

function testCase(stack: string, server: string, check: CheckResult): string {
  const body = ((): readonly string[] => {
    if (check.status === "skipped") return [element("skipped", { message: check.detail })];
    if (check.status === "passed") return [element("system-out", {}, [escapeXml(check.detail)])];
    // A warning must not turn a build red: it stands in the output of a passed case.
    return check.severity === "warning"
      ? [element("system-out", {}, [escapeXml(`WARNING\n${storyOf(check)}`)])]
      : [
          element("failure", { message: check.detail, type: check.id }, [
            escapeXml(storyOf(check)),
          ]),
        ];
  })();
  return element(
    "testcase",
    {
      name: `${check.id}: ${check.title}`,
      classname: `bootmachine.${stack}.${server}`,
      time: seconds(check.ms),
    },
    body,
  );
}

/** A case of its own for a server that could not be looked into: no reader may take it for one without findings. */
function unseenCase(stack: string, server: ServerProof): readonly string[] {
  const why = whyUnseen(server);
  if (why === undefined) return [];
  const story = `${why}${server.error === undefined ? "" : `\nnext: ${server.error.hint}`}`;
  return [
    element(
      "testcase",
      {
        name: "proof: the server is looked into",
        classname: `bootmachine.${stack}.${server.server}`,
        time: seconds(0),
      },
      [
        element("error", { message: why, type: server.error?.code ?? "not-seen" }, [
          escapeXml(story),
        ]),
      ],
    ),
  ];
}

function counts(servers: readonly ServerProof[]): Readonly<Record<string, string | number>> {
  const { failed, skipped, errors } = assessProof(servers);
  const checks = servers.flatMap((server) => server.checks);
  const ms = checks.reduce((sum, check) => sum + check.ms, 0);
  return {
    tests: checks.length + errors,
    failures: failed,
    errors,
    skipped,
    time: seconds(ms),
  };
}

function testSuite(proof: Proof, one: ServerProof, index: number): string {
  const { server, checks } = one;
  return element(
    "testsuite",
    {
      name: `${proof.stack}/${server}`,
      id: index,
      hostname: server,
      // The schema has no time zone here; UTC is what `at` is in.
      timestamp: proof.at.replace(/(\.\d+)?Z$/u, ""),
      ...counts([one]),
    },
    [
      "\n    ",
      element("properties", {}, [
        element("property", { name: "bootmachine.version", value: proof.version }),
      ]),
      ...checks.map((check) => `\n    ${testCase(proof.stack, server, check)}`),
      ...unseenCase(proof.stack, one).map((text) => `\n    ${text}`),
      "\n  ",
    ],
  );
}

/** The proof as JUnit XML: a suite for each server, a case for each check. */
export function renderProofJunit(proof: Proof): string {
  const suites = proof.servers.map((server, index) => `\n  ${testSuite(proof, server, index)}`);
  const root = element(
    "testsuites",
    { name: `bootmachine verify ${proof.stack}`, ...counts(proof.servers) },
    [...suites, "\n"],
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}
