import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dirname } from "node:path/posix";

import type { Download } from "../../configurators/contract.ts";
import { RemoteError } from "../../errors/error.ts";
import { quote } from "../../program/quote.ts";
import type { ServerRun } from "../server-run.ts";
import { fetchDownload } from "./fetch-download.ts";
import { contextOf } from "./member-context.ts";

/** For the look at the host, which may try the network. */
const LOOK_TIMEOUT_MS = 90_000;

/**
 * Brings the server the files that it needs before `install` and does not fetch itself. Each is fetched once a run for
 * all servers, and kept beside the config by its checksum for the next run.
 *
 * @throws RemoteError DOWNLOAD_FAILED with the address and the reason; CancelledError
 */
export async function relayDownloads(run: ServerRun): Promise<void> {
  for (const download of run.context.stack.configurator.downloads?.(contextOf(run)) ?? []) {
    await relay(run, download);
  }
}

async function relay(run: ServerRun, download: Download): Promise<void> {
  const { context, server } = run;
  const host = run.connectedHost();
  const options = { timeoutMs: LOOK_TIMEOUT_MS, signal: context.hardSignal };
  const look = await host.run(download.unless, options);
  if (look.status === 0) return;
  run.step(`fetching ${download.name} on this computer`);
  const { path, sha256 } = await context.shared.fetched(download, () =>
    fetchDownload(download, {
      folder: join(context.paths.directory, "downloads"),
      directory: context.stack.directory,
      signal: context.hardSignal,
    }),
  );
  run.step(`bringing ${download.name} to ${server.name}`);
  const folder = await host.run(
    `umask 077 && mkdir -p ${quote(dirname(download.remote))}`,
    options,
  );
  if (folder.status !== 0) {
    throw new RemoteError(
      "DOWNLOAD_FAILED",
      `There is no place for ${download.name} on ${server.name}.`,
      { output: folder.stderr.split("\n") },
    );
  }
  // The checksum first: where the file is, its checksum is.
  const sending = { signal: context.hardSignal };
  await host.upload(Buffer.from(`${sha256}\n`), `${download.remote}.sha256`, sending);
  await host.upload(await readFile(path), download.remote, sending);
}
