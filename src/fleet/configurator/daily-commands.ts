import type { Configurator } from "../../configurators/contract.ts";
import { RefusedError, RemoteError } from "../../errors/error.ts";
import type { Server, Stack } from "../../stack/stack.ts";
import { bringInLine } from "../apply-resources.ts";
import type { ServerSummary } from "../events.ts";
import type { AgentStatus, PushedTree, RevokedAgent } from "../fleet-contract.ts";
import type { RunContext } from "../run-context.ts";
import type { ServerRun } from "../server-run.ts";
import { workOnServers } from "../work-on-servers.ts";
import { requireAgentName } from "./agent-name.ts";
import {
  type Brought,
  type BroughtTree,
  bringMasterTrees,
  bringMemberTrees,
  hasTrees,
} from "./bring-trees.ts";
import { membersOf } from "./member-context.ts";
import { requireConfigurator } from "./require-configurator.ts";

const LIST_TIMEOUT_MS = 60_000;
/** Of a command's output, so many lines are kept for its error. */
const LAST_LINES = 20;

/**
 * The agents that the master knows, in its own order.
 *
 * @throws RefusedError CAPABILITY_MISSING where the tool keeps no list; RemoteError COMMAND_FAILED
 */
export async function listAgents(context: RunContext): Promise<readonly AgentStatus[]> {
  const { stack } = context;
  const agents = ableTo(stack, "keeps no list of agents", "agents");
  try {
    const master = await context.master.visit(context);
    const { status, stdout, stderr } = await master.connectedHost().run(agents.script, {
      timeoutMs: LIST_TIMEOUT_MS,
      signal: context.signal,
    });
    if (status !== 0) {
      throw commandFailed(
        `${stack.configurator.name} on ${master.server.name} does not list its agents.`,
        { status, stdout, stderr },
      );
    }
    const members = new Set(stack.servers.map(({ name }) => name));
    const known = agents.parse(stdout);
    const accepted = new Set(known.flatMap(({ id, state }) => (state === "accepted" ? [id] : [])));
    return known.map((agent) => ({
      ...agent,
      // Beside the accepted one, another key under the same name is somebody else's.
      isMember: members.has(agent.id) && (agent.state === "accepted" || !accepted.has(agent.id)),
    }));
  } finally {
    await context.master.close();
  }
}

/**
 * @throws UserError USAGE for what is no name of an agent; RefusedError CAPABILITY_MISSING where there is nothing to revoke, or
 *   nobody to revoke it at
 */
export function masterToRevokeAt(stack: Stack, agent: RevokedAgent): Server {
  if (typeof agent === "object") {
    ableTo(stack, "revokes agents by their names, and no keys by their fingerprints", "revokeKey");
  } else {
    ableTo(stack, "trusts nobody by a key that could be revoked", "revoke");
    requireAgentName(agent);
    if (agent === stack.master) {
      throw new RefusedError(
        "CAPABILITY_MISSING",
        `${agent} is the master: without the trust in its own agent the tool does not work there.`,
        { hint: "Make another server the master in the config first, or destroy this one." },
      );
    }
  }
  const master = stack.servers.find((server) => server.name === stack.master);
  if (master !== undefined) return master;
  throw new RefusedError("CAPABILITY_MISSING", `The stack ${stack.name} has no master.`);
}

/** Takes the trust in one agent away, a stranger's too; the changes of the one summary say whether there was any. */
export function revokeAgent(
  context: RunContext,
  master: Server,
  agent: RevokedAgent,
): Promise<readonly ServerSummary[]> {
  const { configurator, servers } = context.stack;
  const members = servers.map(({ name }) => name);
  const [what, resources] =
    typeof agent === "object"
      ? [agent.fingerprint, configurator.revokeKey?.(agent.fingerprint, members)]
      : [agent, configurator.revoke?.(agent)];
  return workOnServers(context, [master], "enroll", async (run) => {
    run.step(`revoking ${what}`);
    return (await bringInLine(run, resources ?? [], { title: `revoke ${what}` })).changes;
  });
}

/** Restarts the tool's daemons: on the master first, then on the others at once. One that fails keeps nobody. */
export async function restartAgents(
  context: RunContext,
  servers: readonly Server[],
): Promise<readonly ServerSummary[]> {
  const { stack } = context;
  const { configurator } = stack;
  ableTo(stack, "has no daemons", "restart");
  const members = membersOf(context);
  const work = async (run: ServerRun): Promise<number> => {
    const { name } = run.server;
    const member = members.find(({ server }) => server === name);
    const script = member === undefined ? undefined : configurator.restart?.(member);
    if (script === undefined) return 0;
    run.step(`restarting ${configurator.name}`);
    const result = await run.connectedHost().run(script, {
      timeoutMs: run.server.ssh.phaseTimeoutMs,
      signal: context.signal,
    });
    if (result.status === 0) return 1;
    throw commandFailed(`${configurator.name} did not restart on ${name}.`, result);
  };
  const isMaster = ({ name }: Server): boolean => name === stack.master;
  const others = servers.filter((server) => !isMaster(server));
  return [
    ...(await workOnServers(context, servers.filter(isMaster), "configure", work)),
    ...(await workOnServers(context, others, "configure", work)),
  ];
}

/** Who takes part in a push: the master, whoever is selected, then the selected ones. */
export function serversToPush(stack: Stack, selected: readonly Server[]): readonly Server[] {
  requireConfigurator(stack);
  const master = stack.servers.filter(({ name }) => name === stack.master);
  return [...master, ...selected.filter((server) => !master.includes(server))];
}

/** Brings the master's trees to it, and the members' to those selected; `servers` as `serversToPush` says. */
export async function pushTrees(
  context: RunContext,
  servers: readonly Server[],
  selected: readonly Server[],
): Promise<{
  readonly servers: readonly ServerSummary[];
  readonly pushed: readonly PushedTree[];
}> {
  const pushed: BroughtTree[] = [];
  const take = ({ trees, changes }: Brought): number => {
    pushed.push(...trees);
    return trees.reduce(
      (sum, { changed, removed }) => sum + changed.length + removed.length,
      changes,
    );
  };
  const isMaster = ({ name }: Server): boolean => name === context.stack.master;
  let membersHaveTrees = true;
  const atMaster = await workOnServers(
    context,
    servers.filter(isMaster),
    "configure",
    async (run) => {
      membersHaveTrees = hasTrees(run, "member");
      const changes = take(await bringMasterTrees(run, context.signal));
      return selected.includes(run.server)
        ? changes + take(await bringMemberTrees(run, context.signal))
        : changes;
    },
  );
  const others = membersHaveTrees ? servers.filter((server) => !isMaster(server)) : [];
  const summaries = await workOnServers(context, others, "configure", async (run) =>
    take(await bringMemberTrees(run, context.signal)),
  );
  return { servers: [...atMaster, ...summaries], pushed };
}

/** What the configurator may have or not. @throws RefusedError CAPABILITY_MISSING */
function ableTo<K extends "agents" | "revoke" | "revokeKey" | "restart">(
  stack: Stack,
  unable: string,
  ability: K,
): NonNullable<Configurator[K]> {
  requireConfigurator(stack);
  const { configurator } = stack;
  const found = configurator[ability];
  if (found !== undefined) return found;
  throw new RefusedError("CAPABILITY_MISSING", `The configurator ${configurator.name} ${unable}.`, {
    hint: "`bootmachine configurator push` and `bootmachine configurator run` are there for every tool; `bootmachine status` lists the servers.",
  });
}

function commandFailed(
  message: string,
  result: { readonly status: number; readonly stdout: string; readonly stderr: string },
): RemoteError {
  const text = `${result.stdout}\n${result.stderr}`.trim();
  return new RemoteError("COMMAND_FAILED", message, {
    exitStatus: result.status,
    output: text === "" ? [] : text.split("\n").slice(-LAST_LINES),
  });
}
