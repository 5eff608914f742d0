import { RemoteError } from "../errors/error.ts";
import type { Host } from "../host/host.ts";
import type { Machine } from "../providers/contract.ts";
import type { TaskHost } from "../stack/task.ts";

/** A connected host as a custom task sees it. */
export function asTaskHost(host: Host, machine: Machine, roles: readonly string[]): TaskHost {
  return {
    name: host.server,
    roles,
    address: host.target.address,
    publicAddresses: machine.publicAddresses,
    privateAddresses: machine.privateAddresses,
    run: async (script, { asRoot = false, allowFailure = false, stdin, timeoutMs } = {}) => {
      const result = await host.run(script, {
        asRoot,
        ...(stdin === undefined ? {} : { stdin }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      if (result.status !== 0 && !allowFailure) {
        const lines = `${result.stdout}${result.stderr}`.trimEnd().split("\n");
        throw new RemoteError(
          "COMMAND_FAILED",
          `A command on ${host.server} ended with exit status ${result.status}.`,
          {
            server: host.server,
            exitStatus: result.status,
            output: lines.slice(-50),
          },
        );
      }
      return result;
    },
    put: async (content, path, options = {}) => {
      await host.upload(
        typeof content === "string" ? new TextEncoder().encode(content) : content,
        path,
        options,
      );
    },
  };
}
