import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import {
  NETWORK_CANDIDATES,
  overlaps,
  parseNetwork,
} from "../../../src/providers/local/network-plan.ts";
import type { BuiltRepository } from "./apt-repository.ts";

export interface ServedRepository {
  /** Reached by the local servers. */
  readonly url: string;
  readonly key: string;
  readonly fingerprint: string;
  stop(): Promise<void>;
}

/** Serves a repository to local servers; nobody else gets an answer. */
export async function serveRepository({
  directory,
  key,
  fingerprint,
}: BuiltRepository): Promise<ServedRepository> {
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://repository").pathname;
    const file = join(directory, path);
    const answer = async (): Promise<void> => {
      const facts = file.startsWith(directory)
        ? await stat(file).catch(() => undefined)
        : undefined;
      if (facts?.isFile() !== true) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "content-length": facts.size });
      if (request.method === "HEAD") response.end();
      else await pipeline(createReadStream(file), response);
    };
    answer().catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    const remote = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const isServer =
      /^[0-9.]+$/.test(remote) &&
      NETWORK_CANDIDATES.some((one) => overlaps(parseNetwork(one), parseNetwork(remote)));
    if (!isServer) socket.destroy();
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "0.0.0.0", done);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://${ownAddress()}:${port}/`,
    key,
    fingerprint,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** An address of this computer that is there before the servers' bridge is. */
function ownAddress(): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(bootmachine0|bm-|vb-)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (found === undefined) throw new Error("this computer has no IPv4 address");
  return found.address;
}
