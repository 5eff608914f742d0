import { RefusedError } from "../../errors/error.ts";
import type { HostIdentity, ImageInfo, Machine, ProviderContext, SizeInfo } from "../contract.ts";
import type { LocalProvider } from "./local-provider.ts";
import type { LocalOptions } from "./options.ts";
import { readPrerequisites } from "./prerequisites.ts";
import { type AgentMethod, RootAgent } from "./root-agent.ts";

/**
 * The same provider, whose calls are carried out by an agent that runs as root. What needs no root stays here.
 * `prefix` is the command that makes somebody root; `moduleOfLocal` the address of the module that has `local`.
 */
export function byAgent(
  direct: LocalProvider,
  options: LocalOptions,
  prefix: readonly string[],
  moduleOfLocal: string,
): LocalProvider {
  const root = new RootAgent(options, prefix, moduleOfLocal);
  let isReady = false;
  const agent = {
    call: async (method: AgentMethod, args: readonly unknown[], context: ProviderContext) => {
      if (!isReady) {
        const { missing } = await readPrerequisites();
        if (missing.length > 0) throw new RefusedError("PREREQUISITE_MISSING", missing.join(" "));
        isReady = true;
      }
      return await root.call(method, args, context);
    },
  };
  return {
    ...direct,
    observe: async (context) => (await agent.call("observe", [], context)) as readonly Machine[],
    list: async (context) => (await agent.call("list", [], context)) as readonly Machine[],
    ensure: async (request, context) => (await agent.call("ensure", [request], context)) as Machine,
    identity: async (machine, context) =>
      (await agent.call("identity", [machine], context)) as HostIdentity,
    destroy: async (server, context) =>
      (await agent.call("destroy", [server], context)) as { readonly existed: boolean },
    destroyShared: async (context) => {
      await agent.call("destroyShared", [], context);
    },
    reboot: async (machine, how, context) => {
      await agent.call("reboot", [machine, how], context);
    },
    console: async (machine, context) =>
      (await agent.call("console", [machine], context)) as string,
    images: async (context) => (await agent.call("images", [], context)) as readonly ImageInfo[],
    sizes: async (context) => (await agent.call("sizes", [], context)) as readonly SizeInfo[],
    removeCache: async (context) =>
      (await agent.call("removeCache", [], context)) as readonly string[],
  };
}
