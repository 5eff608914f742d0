import type { Server } from "../../stack/stack.ts";
import { connectHost } from "../connect-host.ts";
import { pickDistro } from "../pick-distro.ts";
import type { RunContext } from "../run-context.ts";
import { ServerRun } from "../server-run.ts";

/** Connects to a server that should be there, for work outside its own way through the phases. */
export async function visitServer(context: RunContext, server: Server): Promise<ServerRun> {
  const machine = context.addresses.machine(server.name);
  const run = new ServerRun(server, context, machine);
  run.phase = "configure";
  run.host = await connectHost(context, server, machine);
  run.distro = pickDistro(context.stack, server, run.host.facts);
  return run;
}
