import { parseAddressBlock } from "../address.ts";
import { type Draft, presentItems, presentTexts } from "../draft.ts";
import type { ConfigPath, ReportProblem } from "../problem.ts";
import type { OpeningInput, ServerOpeningInput, StackInput } from "../stack-input.ts";
import { suggestWord } from "../suggest.ts";

/** First and last port of an opening; a text that says why not. */
export function parsePorts(port: number | string): readonly [number, number] | string {
  if (typeof port === "number") return [port, port];
  const [first = "", last = first] = port.split("-");
  const from = Number(first);
  const to = Number(last);
  if (from < 1 || to > 65_535) return "must lie between 1 and 65535";
  if (from > to) return `the range ${port} runs backwards; write ${to}-${from}`;
  return [from, to];
}

function checkFrom(
  from: Draft<OpeningInput>["from"],
  path: ConfigPath,
  report: ReportProblem,
): void {
  if (from === undefined || typeof from === "string") return;
  const seen = new Set<string>();
  for (const [index, text] of presentItems<string>(from)) {
    const itemPath = [...path, index];
    if (text === "anywhere" || text === "stack") {
      report({
        path: itemPath,
        message: `"${text}" stands alone, not in a list`,
        hint: `Write from: "${text}".`,
      });
      continue;
    }
    const parsed = parseAddressBlock(text);
    if (!parsed.ok) {
      report({
        path: itemPath,
        message: `"${text}" is no address or CIDR block: ${parsed.reason}`,
        hint: 'Such as "203.0.113.7", "10.0.0.0/8" or "2001:db8::/32"; or from: "anywhere" or "stack".',
      });
    } else if (seen.has(text)) report({ path: itemPath, message: `"${text}" stands here twice` });
    seen.add(text);
  }
}

const identify = (opening: Draft<OpeningInput>): string =>
  JSON.stringify([
    String(opening.port),
    opening.protocol ?? "tcp",
    typeof opening.from === "string" ? opening.from : [...presentTexts(opening.from)].sort(),
    [...presentTexts(opening.roles)].sort(),
  ]);

/**
 * An opening for the ssh port says from where people may log in, instead of from anywhere. Whether the controller is among
 * them, the host itself is asked before anything is changed there; what cannot be is told here.
 */
function checkSshOpening(
  opening: Draft<OpeningInput>,
  about: { readonly ssh: number; readonly isRange: boolean; readonly hasJumpHost: boolean },
  path: ConfigPath,
  report: ReportProblem,
): void {
  const { ssh, isRange, hasJumpHost } = about;
  if (isRange || opening.from === "anywhere") {
    report({
      path: [...path, "port"],
      message: `${ssh} is the ssh port, which is opened by itself`,
      hint: isRange
        ? "Leave the ssh port out of the range. (An opening for it alone narrows from where people may log in.)"
        : "Leave this opening out, or give the addresses from which alone people may log in.",
    });
  } else if (opening.from === "stack" && !hasJumpHost) {
    report({
      path: [...path, "from"],
      message: `${ssh} is the ssh port, and this computer is no member of the stack: it would be shut out`,
      hint: "Give the operator's addresses, or a member as ssh.jumpHost.",
    });
  }
}

/** A list of openings; `sshPorts` are the ssh ports of the servers that each opening applies to. */
function checkOpenings(
  openings: readonly (Draft<OpeningInput | ServerOpeningInput> | undefined)[] | undefined,
  path: ConfigPath,
  sshPortsOf: (opening: Draft<OpeningInput>) => ReadonlySet<number>,
  hasJumpHost: boolean,
  report: ReportProblem,
): void {
  const seen = new Map<string, number>();
  for (const [index, opening] of presentItems<Draft<OpeningInput>>(openings)) {
    const itemPath = [...path, index];
    checkFrom(opening.from, [...itemPath, "from"], report);
    if (opening.port === undefined) continue;
    const ports = parsePorts(opening.port);
    if (typeof ports === "string") {
      report({ path: [...itemPath, "port"], message: ports });
      continue;
    }
    const [first, last] = ports;
    const ssh = [...sshPortsOf(opening)].find((port) => port >= first && port <= last);
    if (ssh !== undefined && (opening.protocol ?? "tcp") === "tcp") {
      checkSshOpening(opening, { ssh, isRange: first !== last, hasJumpHost }, itemPath, report);
    }
    const identity = identify(opening);
    const other = seen.get(identity);
    if (other === undefined) seen.set(identity, index);
    else
      report({ path: itemPath, message: `is the same opening as number ${other + 1} of the list` });
  }
}

/** Firewall openings of the stack and of its servers. */
export function checkFirewall(
  draft: Draft<StackInput>,
  defaultPort: number,
  isComplete: boolean,
  report: ReportProblem,
): void {
  const servers = presentItems(draft.servers);
  const stackPort = draft.ssh?.port ?? defaultPort;
  const roles = new Set(servers.flatMap(([, server]) => presentTexts(server.roles)));
  for (const [index, opening] of presentItems<Draft<OpeningInput>>(draft.firewall)) {
    for (const [roleIndex, role] of presentItems(opening.roles)) {
      if (roles.has(role) || !isComplete) continue;
      report({
        path: ["firewall", index, "roles", roleIndex],
        message: `no server has the role "${role}"`,
        hint: suggestWord(role, [...roles], "roles"),
      });
    }
  }
  checkOpenings(
    draft.firewall,
    ["firewall"],
    (opening) => {
      const wanted = presentTexts(opening.roles);
      const applies = servers.filter(
        ([, server]) =>
          wanted.length === 0 || presentTexts(server.roles).some((role) => wanted.includes(role)),
      );
      return new Set(applies.map(([, server]) => server.ssh?.port ?? stackPort));
    },
    draft.ssh?.jumpHost !== undefined,
    report,
  );
  for (const [index, server] of servers) {
    const port = new Set([server.ssh?.port ?? stackPort]);
    const hasJumpHost = (server.ssh?.jumpHost ?? draft.ssh?.jumpHost) !== undefined;
    const path = ["servers", index, "firewall"];
    checkOpenings(server.firewall, path, () => port, hasJumpHost, report);
  }
}
