import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { toBootmachineError, UserError } from "../../errors/error.ts";
import { renderError } from "../../report/error-text.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { styleFor } from "../output-style.ts";
import { nameCommands } from "../own-name.ts";
import { warnOnly } from "../warn-only.ts";

export interface PutFlags extends SelectionFlags {
  /** Octal digits. */
  readonly mode: string;
}

export async function put(
  context: CliContext,
  flags: PutFlags,
  ...words: string[]
): Promise<ExitCode> {
  const [file = "", path = "", ...servers] = words;
  if (!path.startsWith("/") || path.endsWith("/")) {
    throw new UserError(
      "USAGE",
      `The path on the servers must be absolute and name a file; this is "${path}".`,
      {
        hint: "Such as `bootmachine put motd.txt /etc/motd web1`.",
      },
    );
  }
  const content = await readFile(resolve(context.cwd, file)).catch((cause: unknown) => {
    throw new UserError(
      "USAGE",
      `The file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { hint: "Check the path.", cause },
    );
  });
  const fleet = await openFleet(context, flags, warnOnly(context));
  const results = await fleet.onHosts(selectionOf(flags, servers), async (host) => {
    await host.upload(content, path, { mode: flags.mode, signal: context.signal });
    return true;
  });
  let failed = 0;
  for (const { server, error } of results) {
    const record =
      error === undefined ? undefined : { ...toBootmachineError(error).toRecord(), server };
    if (flags.json)
      context.stdout.write(
        `${JSON.stringify({ server, path, bytes: content.byteLength, ...(record === undefined ? {} : { error: record }) })}\n`,
      );
    if (record !== undefined) {
      failed += 1;
      context.stderr.write(
        `${nameCommands(renderError(record, styleFor(context.stderr, context.env, flags.color)).join("\n"), context.env)}\n`,
      );
    } else if (!flags.json) {
      context.stdout.write(
        `${server}: ${path} written, ${content.byteLength} bytes, mode ${flags.mode}\n`,
      );
    }
  }
  return context.signal.aborted ? 130 : failed > 0 ? 1 : 0;
}
