import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError } from "../errors/error.ts";
import type { Opening, Server, Stack } from "../stack/stack.ts";
import type { SshOptions, SshTarget, Transport } from "../transport/contract.ts";
import { type AuthProbe, probeAuth } from "../transport/probe-auth.ts";
import type { CheckResult } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { failed, skipped } from "./check-result.ts";
import {
  judgeHandshake,
  judgeHostKey,
  judgeMethods,
  judgeOperator,
  judgeRoot,
  judgeSshAnswers,
  readOperatorAnswer,
} from "./judge-ssh.ts";
import { judgeOldPorts, judgePorts } from "./judge-ports.ts";
import { unlessDown } from "./not-seen.ts";
import {
  type AddressSight,
  askSilentAgain,
  createProbeBudget,
  probePort,
  type ProbeBudget,
  scanPorts,
} from "./port-scan.ts";
import { portRange } from "./port-ranges.ts";
import { type Handshake, shakeHands } from "./ssh-handshake.ts";
import { wellKnownPorts } from "./well-known-ports.ts";

export interface OutsideChecksOptions {
  readonly stack: Pick<Stack, "servers" | "operator" | "master" | "configurator">;
  readonly server: Server;
  /** The machine's addresses as seen from here, IPv4 and IPv6, best first; at least one. */
  readonly addresses: readonly string[];
  /** The port of the first boot, which must be closed now. */
  readonly arrivalPort: number;
  readonly transport: Transport;
  readonly sshOptions: SshOptions;
  readonly signal: AbortSignal;
  /** Shared by all servers of a run; default: 1500 probes at once for this server. */
  readonly budget?: ProbeBudget;
  /** Limit for one probe of the scan, ms; default 1400: long enough for one lost packet to be sent again. */
  readonly probeTimeoutMs?: number;
  /** Default: the well-known ports; those that the stack knows are always added. */
  readonly ports?: readonly number[];
}

const DEFAULT_PROBES = 1500;
const DEFAULT_PROBE_TIMEOUT_MS = 1400;
/** ssh's own limit covers reaching and authenticating; the rest is for sudo and a slow shell. */
const COMMAND_MARGIN_MS = 15_000;
/** A host that turns us away because of refused log-ins is asked again for so long. */
const PENALTY_LIMIT_MS = 60_000;
const PENALTY_PAUSE_MS = 5_000;
/** More than an opening's whole range of ports is not scanned one by one. */
const MAX_RANGE = 200;

/** A hostname, an IPv4 or an IPv6 address with a colon. */
const isIpv6 = (address: string): boolean => address.includes(":");

/**
 * The proof from outside: what a stranger, and the operator, see of one server.
 *
 * Makes three connections to sshd (one of them a refused log-in, as root) and one attempt at each
 * scanned port. Everything is bounded; a server that drops packets is done in about three seconds.
 *
 * @throws CancelledError on abort; RefusedError PREREQUISITE_MISSING without an ssh on this computer; nothing else: what
 *   cannot be seen is a failed or a skipped check.
 */
export async function runOutsideChecks(
  options: OutsideChecksOptions,
): Promise<readonly CheckResult[]> {
  const [byPort, bySsh] = await Promise.all([lookAtPorts(options), lookAtSsh(options)]);
  const operator = readOperatorAnswer(bySsh.operator);
  const ports = [
    judgeOldPorts(oldPorts(options), byPort.old, byPort.oldMs),
    ...judgePorts({
      openings: openingsOf(options.stack, options.server),
      controllerAddress: operator.controllerAddress,
      ipv4: byPort.ipv4,
      ipv6: byPort.ipv6,
      jumpHost: options.sshOptions.jumpHost,
    }),
  ];
  return [...bySsh.results, ...(bySsh.isSilent ? unlessDown(ports) : ports)];
}

function oldPorts({ arrivalPort, server }: OutsideChecksOptions): readonly number[] {
  return [...new Set([22, arrivalPort])].filter((port) => port !== server.ssh.port);
}

interface PortSight {
  /** The old ports alone, at each of the addresses that are scanned. */
  readonly old: readonly AddressSight[] | undefined;
  readonly oldMs: number;
  readonly ipv4: AddressSight | undefined;
  readonly ipv6: AddressSight | undefined;
}

async function lookAtPorts(options: OutsideChecksOptions): Promise<PortSight> {
  if (options.sshOptions.jumpHost !== undefined) {
    return { old: undefined, oldMs: 0, ipv4: undefined, ipv6: undefined };
  }
  const scan = {
    budget: options.budget ?? createProbeBudget(DEFAULT_PROBES),
    probeTimeoutMs: options.probeTimeoutMs ?? DEFAULT_PROBE_TIMEOUT_MS,
    signal: options.signal,
  };
  const ports = portsToScan(options);
  const expected = tcpPortsOf(
    openingsOf(options.stack, options.server).filter(({ from }) => from === "anywhere"),
  );
  const look = async (address: string): Promise<AddressSight> => {
    const started = performance.now();
    // One packet alone first: a thousand at once to a neighbour whose link address is not known yet are lost.
    await probePort(address, options.server.ssh.port, scan);
    const states = await askSilentAgain(
      await scanPorts(address, ports, scan),
      expected,
      async (silent) => await scanPorts(address, silent, scan),
    );
    return { address, states, ms: performance.now() - started };
  };
  // Asked apart from the crowd of the scan, in which a packet may be lost.
  const lookAtOld = async (address: string): Promise<AddressSight> => {
    const started = performance.now();
    const states = await scanPorts(address, oldPorts(options), scan);
    return { address, states, ms: performance.now() - started };
  };
  const ipv4 = options.addresses.find((address) => !isIpv6(address));
  const ipv6 = options.addresses.find(isIpv6);
  const each = [ipv4, ipv6].filter((address) => address !== undefined);
  const [old, sights] = await Promise.all([
    Promise.all(each.map(lookAtOld)),
    Promise.all(each.map(look)),
  ]);
  return {
    old,
    oldMs: Math.max(0, ...old.map(({ ms }) => ms)),
    ipv4: sights.find(({ address }) => address === ipv4),
    ipv6: sights.find(({ address }) => address === ipv6),
  };
}

/** What is declared for a server; the members' addresses do not matter here. */
function openingsOf(stack: OutsideChecksOptions["stack"], server: Server): readonly Opening[] {
  const master =
    stack.master === server.name
      ? stack.configurator.masterPorts.map(({ port, protocol }): Opening => ({
          port,
          protocol,
          from: "stack",
          roles: [],
        }))
      : [];
  return [...server.firewall, ...master];
}

function tcpPortsOf(openings: readonly Opening[]): readonly number[] {
  return openings
    .filter(({ protocol }) => protocol === "tcp")
    .flatMap(({ port }) => {
      const [first, last] = portRange(port);
      const count = Math.min(last - first + 1, MAX_RANGE);
      return Array.from({ length: count }, (_, index) => first + index);
    });
}

/**
 * The well-known ports, and every port that the stack itself speaks of: what is open for one role or was
 * open in an older config is where a forgotten hole is likely. The ssh port is looked at by the handshake.
 */
function portsToScan({
  stack,
  server,
  ports,
  arrivalPort,
}: OutsideChecksOptions): readonly number[] {
  const own = stack.servers.flatMap((other) => [
    other.ssh.port,
    ...tcpPortsOf(openingsOf(stack, other)),
  ]);
  const all = new Set([...(ports ?? wellKnownPorts()), ...own, arrivalPort]);
  all.delete(server.ssh.port);
  return [...all].sort((a, b) => a - b);
}

interface SshSight {
  readonly operator: AuthProbe;
  /** Nothing at all answered as an ssh server. */
  readonly isSilent: boolean;
  readonly results: readonly CheckResult[];
}

const OPERATOR_COMMAND =
  'sh -c \'echo "user $(id -un)"; echo "connection $SSH_CONNECTION"; echo "root $(sudo -n id -u 2>&1 | tail -n 1)"\'';

async function lookAtSsh(options: OutsideChecksOptions): Promise<SshSight> {
  const { server, stack, sshOptions, signal } = options;
  const target = (user: string): SshTarget => ({
    server: server.name,
    address: options.addresses[0] ?? "",
    port: server.ssh.port,
    user,
  });
  const limits = { timeoutMs: sshOptions.connectTimeoutMs + COMMAND_MARGIN_MS, signal };
  const probe = (user: string, remoteCommand: string): Promise<AuthProbe> =>
    unlessTurnedAway(
      () => probeAuth(options.transport, target(user), sshOptions, { ...limits, remoteCommand }),
      ({ outcome }) => outcome === "turned-away",
      signal,
    );

  // One after another, the refused one last: sshd counts refused log-ins against our address.
  const operator = await probe(stack.operator, OPERATOR_COMMAND);
  const handshakeStarted = performance.now();
  const handshake: Handshake | undefined =
    sshOptions.jumpHost === undefined
      ? await unlessTurnedAway(
          () =>
            shakeHands(target("").address, server.ssh.port, {
              timeoutMs: sshOptions.connectTimeoutMs,
              signal,
            }),
          ({ kind }) => kind === "turned-away",
          signal,
        )
      : undefined;
  const handshakeMs = performance.now() - handshakeStarted;
  if (operator.outcome === "unreachable" && handshake?.kind !== "ssh") {
    return { operator, isSilent: true, results: unreachable(operator, server.ssh.port) };
  }
  // A host that showed another key is asked nothing more.
  const root =
    operator.outcome === "host-key-mismatch" ? undefined : await probe("root", "echo root");
  if (signal.aborted) throw new CancelledError();
  return {
    operator,
    isSilent: false,
    results: [
      judgeSshAnswers(handshake, operator, server.ssh.port, handshakeMs),
      judgeHostKey(operator),
      judgeHandshake(handshake, handshakeMs),
      ...judgeMethods(operator, root),
      judgeRoot(root),
      ...judgeOperator(operator, stack.operator),
    ],
  };
}

function unreachable(operator: AuthProbe, port: number): readonly CheckResult[] {
  const why = `ssh does not answer on port ${port}`;
  return [
    failed(CHECKS["ssh-answers"], `${why}: ${operator.message}`, operator.ms),
    ...(
      [
        "ssh-host-key-pinned",
        "ssh-algorithms-strong",
        "ssh-password-refused",
        "ssh-keyboard-interactive-refused",
        "ssh-root-refused",
      ] as const
    ).map((id) => skipped(CHECKS[id], why)),
    failed(CHECKS["operator-login"], why, 0),
    skipped(CHECKS["operator-sudo"], why),
  ];
}

/** Asks again while the host turns our address away for its earlier refused log-ins, up to a limit. */
async function unlessTurnedAway<T>(
  ask: () => Promise<T>,
  isTurnedAway: (answer: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  const until = performance.now() + PENALTY_LIMIT_MS;
  for (;;) {
    const answer = await ask();
    if (!isTurnedAway(answer) || performance.now() > until) return answer;
    try {
      await sleep(PENALTY_PAUSE_MS, undefined, { signal });
    } catch (error) {
      throw new CancelledError(undefined, { cause: error });
    }
  }
}
