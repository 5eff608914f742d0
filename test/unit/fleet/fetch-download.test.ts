import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Download } from "../../../src/configurators/contract.ts";
import { CancelledError } from "../../../src/errors/error.ts";
import { fetchDownload } from "../../../src/fleet/configurator/fetch-download.ts";

const CONTENT = "a package";
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

let folder: string;
let server: Server;
let requests: string[];
let answer: RequestListener;
let base: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootmachine-fetch-"));
  requests = [];
  answer = (request, response) => {
    if (request.url === "/index") response.end(`${base}/file ${SHA256}`);
    else if (request.url === "/file") response.end(CONTENT);
    else response.writeHead(404).end("no");
  };
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

function fetchIt(source: Download["source"], signal = new AbortController().signal) {
  return fetchDownload({ name: "the package", source }, { folder, directory: folder, signal });
}

const read = (text: string) => {
  const [url = "", sha256 = ""] = text.split(" ");
  return sha256.length === 64 ? { url, sha256 } : undefined;
};

describe("a file fetched on the operator's computer", () => {
  it("is kept by its checksum, and is not fetched a second time", async () => {
    const source = { index: `${base}/index`, read };
    const first = await fetchIt(source);
    expect(await readFile(first.path, "utf8")).toBe(CONTENT);
    expect(await fetchIt(source)).toEqual(first);
    expect(requests).toEqual(["/index", "/file", "/index"]);
  });

  it("is fetched again where the one that was kept has been spoiled", async () => {
    const { path } = await fetchIt({ url: `${base}/file`, sha256: SHA256 });
    await writeFile(path, "something else");
    await fetchIt({ url: `${base}/file`, sha256: SHA256 });
    expect(await readFile(path, "utf8")).toBe(CONTENT);
  });

  it("is refused, and not kept, where it is not what its checksum says", async () => {
    await expect(fetchIt({ url: `${base}/file`, sha256: "0".repeat(64) })).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringContaining(`${SHA256} was found`) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("may lie there already, and is held against its checksum all the same", async () => {
    await writeFile(join(folder, "own.deb"), CONTENT);
    expect(await fetchIt({ file: "own.deb", sha256: SHA256 })).toMatchObject({ sha256: SHA256 });
    await expect(fetchIt({ file: "own.deb", sha256: "0".repeat(64) })).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
    });
  });

  it.each([
    ["an index without a file", () => ({ index: `${base}/file`, read }), "without an address"],
    ["an answer that is an error", () => ({ url: `${base}/no`, sha256: SHA256 }), "answers 404"],
    [
      "nobody there",
      () => ({ url: "http://127.0.0.1:1/file", sha256: SHA256 }),
      "http://127.0.0.1:1/file",
    ],
  ])("says why it cannot be had: %s", async (_, source, reason) => {
    await expect(fetchIt(source())).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringContaining(reason) as string,
    });
  });

  it("is left, without a trace, when the user cancels", async () => {
    answer = (_, response) => {
      response.write("a");
    };
    const controller = new AbortController();
    const fetching = fetchIt({ url: `${base}/file`, sha256: SHA256 }, controller.signal);
    setTimeout(() => controller.abort(), 50);
    await expect(fetching).rejects.toBeInstanceOf(CancelledError);
    expect(await readdir(folder)).toEqual([]);
  });
});
