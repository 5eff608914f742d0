import { RemoteError } from "../errors/error.ts";
import type { Connection } from "../transport/contract.ts";
import type { HostFacts } from "./facts.ts";
import { factsProgram } from "./facts-program.ts";
import { parseFacts } from "./parse-facts.ts";

/** Limit for reading the facts, ms. */
const FACTS_LIMIT_MS = 30_000;

/** Asks a host for its facts, as root, in one round trip. */
export async function readFacts(
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<HostFacts> {
  const { server, user } = connection.target;
  const result = await connection.run(factsProgram(), {
    timeoutMs: FACTS_LIMIT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.status !== 0) {
    throw new RemoteError("COMMAND_FAILED", `The facts of ${server} cannot be read.`, {
      server,
      exitStatus: result.status,
      output: `${result.stdout}${result.stderr}`.trim().split("\n").slice(-10),
    });
  }
  return parseFacts(result.stdout, { server, loginUser: user });
}
