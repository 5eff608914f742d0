import { changeAccess } from "../../baseline/access-change.ts";
import { groundResources } from "../../baseline/ground-resources.ts";
import { toBootmachineError } from "../../errors/error.ts";
import type { Host } from "../../host/host.ts";
import { openHost } from "../../host/open-host.ts";
import type { SshTarget } from "../../transport/contract.ts";
import { applyResources, reportTo } from "../apply-resources.ts";
import { connectHost } from "../connect-host.ts";
import { type PhaseResult, resultOf, type ServerRun, SKIPPED } from "../server-run.ts";
import { replaySurvey } from "../survey.ts";
import { declaredWayText, isSecuredWay, securedWay, sshOptionsOf } from "../ways-in.ts";

/** Brings the host into its secure state; the ssh port, the users who may come in and the firewall change as one transaction. */
export async function secure(run: ServerRun): Promise<PhaseResult> {
  if (run.host === undefined) return SKIPPED;
  const ground = replaySurvey(run, "ground");
  const access = replaySurvey(run, "access");
  if (run.context.mode === "plan") return resultOf((ground ?? 0) + (access ?? 0));
  let changes = 0;
  if (ground !== 0) {
    changes += await applyResources(run, groundResources(run.baselineContext()), {
      title: "secure",
      mode: "apply",
    });
  }
  if (access === 0) await settle(run);
  else changes += await bringAccessInLine(run);
  return resultOf(changes);
}

/**
 * The access change, from its first look to its end.
 *
 * @returns how many resources were changed; one that is opened first and closed later counts once
 */
export async function bringAccessInLine(run: ServerRun): Promise<number> {
  const changes = await moveToSecuredAccess(run);
  await settle(run);
  return changes;
}

/** The host is on its declared way, and stays there, where it was reached by it. */
async function settle(run: ServerRun): Promise<void> {
  const { context, server } = run;
  if (!isSecuredWay(context.stack, server, run.connectedHost().target)) return;
  await rememberSettled(run, declaredWayText(context.stack, server));
  run.isSettled = true;
}

/** @param settled undefined while the way in is being changed */
async function rememberSettled(run: ServerRun, settled: string | undefined): Promise<void> {
  const { context, server } = run;
  const record = context.records.get(server.name, run.machine?.id ?? "");
  if (record === undefined) return;
  const { settled: _before, ...rest } = record;
  const { user, port, address } = run.connectedHost().target;
  await context.records.put(server.name, {
    ...rest,
    way: { user, port, address },
    ...(settled === undefined ? {} : { settled }),
  });
}

async function moveToSecuredAccess(run: ServerRun): Promise<number> {
  const changed = new Set<string>();
  const report = reportTo(run);
  const { context, server } = run;
  await rememberSettled(run, undefined);
  const host = run.connectedHost();
  const open = (target: SshTarget): Promise<Host> =>
    openHost(
      context.transport,
      target,
      sshOptionsOf(context.stack, server, context.paths.knownHosts),
      { signal: context.hardSignal, who: context.who },
    );
  const change = async (host: Host): Promise<Host> =>
    await changeAccess({
      // What must stay open until the new way is proven is the way by which we came, not the image's own.
      context: {
        ...run.baselineContext(),
        arrivalPort: host.target.port,
        arrivalUser: host.target.user,
      },
      host,
      openNewWay: () => open(securedWay(context.stack, server, host.target.address)),
      openOldWay: () => open(host.target),
      emit: (event) => {
        run.emit(event);
        if (event.state === "started") {
          run.emit({
            type: "step",
            server: server.name,
            phase: "secure",
            text: `access change: ${event.text}`,
            isBrief: true,
          });
        }
      },
      signal: context.hardSignal,
      onMessage: (message) => {
        report(message);
        if (message.kind === "resource" && message.report.status === "changed")
          changed.add(message.report.id);
      },
    });
  run.host = await change(host).catch(async (thrown: unknown) => {
    // Else it had gone back, and said so: nothing was changed by then.
    if (toBootmachineError(thrown).code !== "DISCONNECTED" || context.signal.aborted) throw thrown;
    run.step("the link broke before anything was changed: connecting once more");
    await host.close().catch(() => undefined);
    return await change(await connectHost(context, server, run.machine));
  });
  run.tellWayIn();
  // A change that an earlier run had left unfinished may have had nothing left to do but to be confirmed.
  return Math.max(1, changed.size);
}
