import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { servePackageCache } from "../../../src/providers/local/package-cache.ts";

const BODY = randomBytes(3_000_000);
const HASH = createHash("sha256").update(BODY).digest("hex");

let directory: string;
let archive: Server;
let cache: Server;
let asked: string[];
let status: number;

beforeEach(async () => {
  asked = [];
  status = 200;
  directory = await mkdtemp(join(tmpdir(), "packages-"));
  archive = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/moved.deb") {
      response.writeHead(302, { location: "/real.deb" }).end();
      return;
    }
    response.writeHead(status, { "content-length": BODY.length });
    response.write(BODY.subarray(0, 1_000_000));
    // Slowly, so that others come while it is on its way.
    setTimeout(() => {
      if (request.url === "/cut.deb") response.destroy();
      else response.end(BODY.subarray(1_000_000));
    }, 30);
  });
  await new Promise<void>((resolve) => archive.listen(0, "127.0.0.1", resolve));
  cache = await servePackageCache({
    address: "127.0.0.1",
    port: 0,
    directory,
    hosts: [`127.0.0.1:${portOf(archive)}`],
  });
});

afterEach(async () => {
  for (const server of [cache, archive]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(directory, { recursive: true, force: true });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function fetchBy(path: string, host = `127.0.0.1:${portOf(archive)}`) {
  return await new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
    const asking = request(
      { host: "127.0.0.1", port: portOf(cache), path: `http://${host}${path}`, headers: { host } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
        );
        response.on("error", reject);
      },
    );
    asking.on("error", reject);
    asking.end();
  });
}

test("many that want the same package cause one download, and get it whole", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, async () => await fetchBy("/a.deb")),
  );
  for (const { status, body } of answers) {
    expect(status).toBe(200);
    expect(body.equals(BODY)).toBe(true);
  }
  expect((await fetchBy("/a.deb")).body.equals(BODY)).toBe(true);
  expect(asked).toEqual(["/a.deb"]);
});

test("what changes under its name is never kept", async () => {
  await fetchBy("/dists/x/InRelease");
  await fetchBy("/dists/x/InRelease");
  expect(asked).toHaveLength(2);
  expect(await readdir(directory)).toEqual([]);
});

test("an index by hash is kept only if it has that hash", async () => {
  await fetchBy(`/by-hash/SHA256/${HASH}`);
  await fetchBy(`/by-hash/SHA256/${HASH}`);
  expect(asked).toHaveLength(1);
  const wrong = "0".repeat(64);
  await fetchBy(`/by-hash/SHA256/${wrong}`).catch(() => undefined);
  await expect.poll(async () => (await readdir(directory)).length).toBe(1);
});

test("a cut download and an error are not kept, and the error is handed on", async () => {
  await expect(fetchBy("/cut.deb")).rejects.toThrow(/aborted|hang up|reset/);
  status = 404;
  expect((await fetchBy("/b.deb")).status).toBe(404);
  expect(await readdir(directory)).toEqual([]);
  status = 200;
  expect((await fetchBy("/b.deb")).body.equals(BODY)).toBe(true);
});

test("where nothing can be kept, packages come all the same", async () => {
  await rm(directory, { recursive: true });
  expect((await fetchBy("/c.deb")).body.equals(BODY)).toBe(true);
});

test("redirects are followed", async () => {
  expect((await fetchBy("/moved.deb")).body.equals(BODY)).toBe(true);
  expect(asked).toEqual(["/moved.deb", "/real.deb"]);
});

test("only the archives are reached through it, not whatever this computer can reach", async () => {
  expect((await fetchBy("/secret.deb", "127.0.0.1:1")).status).toBe(403);
  expect((await fetchBy("/a.deb", "localhost")).status).toBe(403);
  expect(asked).toEqual([]);
});
