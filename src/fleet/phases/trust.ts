import { RefusedError, toBootmachineError, UserError } from "../../errors/error.ts";
import { fingerprint, learnHostKey, pinHostKeys } from "../../host/known-hosts.ts";
import type { Host } from "../../host/host.ts";
import { waitForHost } from "../../host/wait-for-host.ts";
import type { HostIdentity, Machine } from "../../providers/contract.ts";
import { judgeFirstBoot } from "../first-boot-proof.ts";
import { pickDistro } from "../pick-distro.ts";
import { replaceHostKey } from "../replace-host-key.ts";
import { providerContext, type RunContext } from "../run-context.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { hostKeyAlias, isSecuredWay, sshOptionsOf, waysIn } from "../ways-in.ts";
import type { Server } from "../../stack/stack.ts";
import type { SshTarget } from "../../transport/contract.ts";

/** Pins the proven host key, then lets the server prove it: the first connection is an authenticated one. */
export async function trust(run: ServerRun, signal: AbortSignal): Promise<PhaseResult> {
  const { context, server, machine } = run;
  if (machine === undefined) {
    if (context.mode === "plan") return SKIPPED;
    throw new UserError("MACHINE_MISSING", `There is no machine for ${server.name} yet.`, {
      hint: "Run `bootmachine up`, or `bootmachine boot` first.",
    });
  }
  // A plan cannot ask a machine that would only be started.
  if (context.mode === "plan" && machine.status !== "running") return SKIPPED;
  const identity = await proveIdentity(context, server, machine, signal);
  run.isPinned = true;
  run.emit({
    type: "identity",
    server: server.name,
    proof: identity.proof,
    fingerprints: identity.keys.map(fingerprint),
  });
  const record = context.records.get(server.name, machine.id);
  const limitMs = readyLimitMs(context, server);
  const causes = new Map<string, string>();
  const connect = async (): Promise<Host> =>
    await waitForHost({
      transport: context.transport,
      candidates: waysIn(context.stack, server, machine, record, run.isFresh).map((target) => ({
        target,
        options: sshOptionsOf(context.stack, server, context.paths.knownHosts),
      })),
      timeoutMs: limitMs,
      signal,
      who: context.who,
      onAttempt: (target, error, elapsedMs) => {
        if (error === undefined) return;
        causes.set(`${target.user}@${target.address}:${target.port}`, attemptText(error.code));
        run.step(`waiting for ssh: ${describeCauses(causes)} (${Math.round(elapsedMs / 1000)} s)`);
      },
    });
  run.host = await connect();
  if (isFirstSession(run.isFresh, record, identity)) {
    const warning = judgeFirstBoot(machine, run.host.facts);
    if (warning !== undefined) run.note("warning", warning);
  }
  await rememberWay(run, machine.id, identity, run.host.target);
  if (identity.proof === "console" && !context.readsOnly)
    await keepConsoleKey(run, machine, identity, signal);
  const isInjected = identity.proof === "injected" && record?.isReplaced !== true;
  if (isInjected && !context.readsOnly) {
    await replaceHostKey({ run, machine, injected: identity, connect, signal });
  }
  run.tellWayIn();
  run.distro = pickDistro(context.stack, server, run.host.facts);
  return resultOf(run.isFresh ? 1 : 0);
}

/**
 * A console shows the host keys once, at the first boot, and what it shows is cut off or lost with the next one. The session has
 * proved the key by now: where the provider keeps it, every controller finds it from then on. It goes without, too.
 */
async function keepConsoleKey(
  run: ServerRun,
  machine: Machine,
  { keys }: HostIdentity,
  signal: AbortSignal,
): Promise<void> {
  const { context, server } = run;
  const { provider } = context.stack;
  const key = keys.find((each) => each.startsWith("ssh-ed25519 "));
  const record = context.records.get(server.name, machine.id);
  if (provider.keepIdentity === undefined || key === undefined || record === undefined) return;
  const kept: HostIdentity = { proof: "published", keys: [key] };
  try {
    await provider.keepIdentity(machine, kept, providerContext(context, undefined, signal));
    await context.records.put(server.name, { ...record, proof: kept.proof, keys: [key] });
  } catch (thrown) {
    const { message } = toBootmachineError(thrown);
    run.note(
      "warning",
      `Its host key stands in its console alone, where another computer may not find it later: ${message}`,
    );
  }
}

function readyLimitMs(context: Partial<Pick<RunContext, "patienceMs">>, server: Server): number {
  return Math.min(server.ssh.readyTimeoutMs, context.patienceMs ?? Infinity);
}

async function rememberWay(
  { context, server }: ServerRun,
  machineId: string,
  identity: HostIdentity,
  target: SshTarget,
): Promise<void> {
  const { isReplaced, settled } = context.records.get(server.name, machineId) ?? {};
  // Whoever came in by another way is not where the phase secure had left it.
  const isSettled = settled !== undefined && isSecuredWay(context.stack, server, target);
  await context.records.put(server.name, {
    machineId,
    proof: identity.proof,
    keys: [...identity.keys],
    way: { user: target.user, port: target.port, address: target.address },
    ...(isReplaced === true ? { isReplaced } : {}),
    ...(isSettled ? { settled } : {}),
  });
}

/**
 * What is known of the machine's host key before anybody has asked the host. Of a first use that is yet to come: no key.
 *
 * @throws RefusedError IDENTITY_UNPROVEN
 */
export async function identityOf(
  context: Pick<RunContext, "stack" | "records" | "signal">,
  server: Server,
  machine: Machine,
  signal: AbortSignal,
): Promise<HostIdentity> {
  const record = context.records.get(server.name, machine.id);
  const { provider } = context.stack;
  const known =
    record === undefined || record.proof === "published" || record.proof === "pinned"
      ? undefined
      : { proof: record.proof, keys: record.keys };
  const ask = async (): Promise<HostIdentity> =>
    await provider.identity(machine, providerContext(context, undefined, signal));
  // The user may have given a key since the one was taken on first sight; another controller may have replaced an injected one.
  const mayKnowMore =
    known?.proof === "first-use"
      ? provider.capabilities.identity.includes("pinned")
      : known?.proof === "injected" && provider.keepIdentity !== undefined;
  const identity =
    known === undefined ? await ask() : mayKnowMore ? strongerOf(known, await ask()) : known;
  if (identity.proof === "first-use" && server.ssh.identity !== "first-use") {
    throw new RefusedError(
      "IDENTITY_UNPROVEN",
      `Nothing proves the host key of ${server.name} (${machine.publicAddresses.join(", ")}).`,
    );
  }
  return identity;
}

/** What holds of what is on record here and what the provider says now. */
export function strongerOf(known: HostIdentity, said: HostIdentity): HostIdentity {
  if (said.proof === "first-use") return known;
  // The provider is told of the next key before the host shows it; a list of it may lag behind.
  if (known.proof === "injected" && said.proof === "injected")
    return { proof: "injected", keys: [...new Set([...known.keys, ...said.keys])] };
  return said;
}

/**
 * Whether nobody can have been there before: the machine is new in this run; or this controller has never been in, and the
 * host key is the one of its first boot still.
 */
export function isFirstSession(
  isFresh: boolean,
  record: unknown,
  { proof }: Pick<HostIdentity, "proof">,
): boolean {
  return isFresh || (record === undefined && (proof === "injected" || proof === "console"));
}

/**
 * The proof of the machine's host key, pinned in our known_hosts. What the provider or the user can say at any
 * time is asked for each time; a proof that can be had only once is the one on record for this machine.
 *
 * @throws RefusedError IDENTITY_UNPROVEN
 */
export async function proveIdentity(
  context: Pick<RunContext, "stack" | "paths" | "records" | "signal" | "transport"> &
    Partial<Pick<RunContext, "patienceMs">>,
  server: Server,
  machine: Machine,
  signal: AbortSignal,
): Promise<HostIdentity> {
  const alias = hostKeyAlias(context.stack.name, server.name);
  const record = context.records.get(server.name, machine.id);
  let identity = await identityOf(context, server, machine, signal);
  if (identity.proof === "first-use" && identity.keys.length === 0) {
    const [first, ...others] = waysIn(context.stack, server, machine, record, true);
    if (first === undefined)
      throw new RefusedError("IDENTITY_UNPROVEN", `${server.name} has no address yet.`);
    identity = {
      proof: "first-use",
      keys: await learnHostKey([first, ...others], {
        ...sshOptionsOf(context.stack, server, context.paths.knownHosts),
        signal,
        timeoutMs: readyLimitMs(context, server),
      }),
    };
  }
  await pinHostKeys(context.paths.knownHosts, alias, identity.keys);
  return identity;
}

/** Ways that fail alike are named together: "root@192.0.2.1:22, ada@192.0.2.1:2849: no answer". */
function describeCauses(causes: ReadonlyMap<string, string>): string {
  const byCause = Map.groupBy(causes.keys(), (way) => causes.get(way) ?? "");
  return [...byCause].map(([cause, ways]) => `${ways.join(", ")}: ${cause}`).join("; ");
}

function attemptText(code: string): string {
  switch (code) {
    case "CONNECTION_REFUSED":
      return "connection refused, nothing listens yet";
    case "CONNECTION_TIMEOUT":
      return "no answer";
    case "LOGIN_TIMEOUT":
      return "answers, and is slow to let anybody in";
    case "NO_ROUTE":
      return "no route";
    case "NAME_UNKNOWN":
      return "the name cannot be resolved";
    case "KEY_REFUSED":
      return "user or key refused, the user may not be there yet";
    case "HOST_NOT_READY":
      return "booting, lets nobody in yet";
    default:
      return code;
  }
}
