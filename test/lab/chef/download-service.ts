import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

import type { BuiltPackage } from "./look-alike-package.ts";

export interface DownloadService {
  /** Reached by the local servers and by this computer. */
  readonly url: string;
  /** `METHOD PATH` of every request that was answered, and from where: "server" or "here". */
  readonly requests: { readonly line: string; readonly from: "server" | "here" }[];
  /** Cuts the servers off: only this computer gets an answer. */
  shutOutServers: boolean;
  /** Sends something else than the checksum says. */
  isSpoiled: boolean;
  stop(): Promise<void>;
}

/** Answers as Chef's omnitruck: /CHANNEL/PRODUCT/metadata?p=&pv=&m=&v=, and the packages themselves. */
export async function startDownloadService(
  ...packages: readonly BuiltPackage[]
): Promise<DownloadService> {
  const own = ownAddresses();
  const requests: DownloadService["requests"] = [];
  const state = { shutOutServers: false, isSpoiled: false };
  const server = createServer((request, response) => {
    const remote = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const from = own.includes(remote) ? "here" : "server";
    if (from === "server" && state.shutOutServers) {
      request.socket.destroy();
      return;
    }
    const { pathname, searchParams, origin } = new URL(
      request.url ?? "/",
      `http://${request.headers.host ?? ""}`,
    );
    requests.push({ line: `${request.method ?? ""} ${pathname}`, from });
    const send = (status: number, body: Uint8Array | string): void => {
      response.writeHead(status, { "content-length": Buffer.byteLength(body) });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const wanted = packages.find(({ product }) => pathname === `/${product}.deb`);
    const asked = packages.find(({ product }) => pathname === `/stable/${product}/metadata`);
    if (wanted !== undefined) {
      const content = readFileSync(wanted.path);
      send(200, state.isSpoiled ? content.subarray(0, content.length - 1) : content);
    } else if (asked !== undefined) {
      const { product, version, sha256 } = asked;
      const known =
        searchParams.get("p") === "debian" &&
        ["12", "13"].includes(searchParams.get("pv") ?? "") &&
        searchParams.get("m") === "x86_64" &&
        version.startsWith(searchParams.get("v") ?? "none");
      if (known) {
        send(200, `sha256\t${sha256}\nurl\t${origin}/${product}.deb\nversion\t${version}\n`);
      } else send(404, "No matching package found.\n");
    } else send(404, "not here\n");
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "0.0.0.0", done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${own.find((address) => address !== "127.0.0.1") ?? "127.0.0.1"}:${port}`,
    requests,
    get shutOutServers() {
      return state.shutOutServers;
    },
    set shutOutServers(value) {
      state.shutOutServers = value;
    },
    get isSpoiled() {
      return state.isSpoiled;
    },
    set isSpoiled(value) {
      state.isSpoiled = value;
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** IPv4 addresses of this computer that are there before the servers' bridge is. */
function ownAddresses(): readonly string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(bootmachine0|bm-|vb-)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);
}
