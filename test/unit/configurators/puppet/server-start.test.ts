import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { layoutOf } from "../../../../src/configurators/puppet/layout.ts";
import { puppetOptionsSchema } from "../../../../src/configurators/puppet/options.ts";
import { startServer } from "../../../../src/configurators/puppet/server-start.ts";

/**
 * systemd's part: a start job that lasts until somebody has written the state `active` or `failed`; what `show -P` says of a
 * property is in a file of its name. `log-at-start` is what Puppet
 * Server writes when it is started, `state-at-start` the state that it comes to by itself.
 */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")/.."
echo "$1" >>calls
case $1 in
is-active) cat state ;;
show) echo "@$(cat "$3")" ;;
stop) echo failed >state ;;
start)
  echo activating >state
  cat log-at-start >>log
  sleep "$(cat delay)"
  [ ! -s state-at-start ] || cat state-at-start >state
  while grep -qx activating state; do sleep 0.1; done
  grep -qx active state ;;
esac
`;

const DEAD = `2026-01-01T00:00:00Z ERROR [main] [p.t.internal] no environment called staging
2026-01-01T00:00:00Z INFO  [main] [p.t.internal] Finished shutdown sequence
`;

describe("the start of Puppet Server", () => {
  let directory: string;
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  const calls = (): readonly string[] =>
    readFileSync(join(directory, "calls"), "utf8")
      .split("\n")
      .filter((verb) => verb === "start" || verb === "stop");

  function start(): { readonly status: number | null; readonly stderr: string } {
    const layout = {
      ...layoutOf(puppetOptionsSchema.parse({})),
      serverLog: join(directory, "log"),
    };
    return spawnSync("sh", ["-c", startServer(layout)], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(directory, "bin")}:${process.env["PATH"] ?? ""}` },
      timeout: 15_000,
    });
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "bm-start-"));
    mkdirSync(join(directory, "bin"));
    write("bin/systemctl", SYSTEMCTL);
    chmodSync(join(directory, "bin/systemctl"), 0o755);
    write("state", "inactive\n");
    // Long ago: what the log says now was written since.
    write("InactiveExitTimestamp", "1000000000\n");
    write("ExecMainStartTimestamp", "1000000000\n");
    write("log", "");
    write("log-at-start", "");
    write("delay", "0");
    write("state-at-start", "");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("is waited for", () => {
    write("state-at-start", "active\n");
    expect(start()).toMatchObject({ status: 0, stderr: "" });
    expect(calls()).toEqual(["start"]);
  });

  it("ends at once where Puppet Server has given up and its process stays, with the reason from its log", () => {
    write("log-at-start", DEAD);
    const { status, stderr } = start();
    expect(status).toBe(1);
    expect(stderr).toContain("no environment called staging");
    expect(stderr).not.toContain("Finished");
    expect(calls()).toEqual(["start", "stop"]);
  });

  it("is begun anew where an earlier one has given up like that", () => {
    write("state", "activating\n");
    write("log", DEAD);
    write("log-at-start", "2026-01-01T00:00:01Z INFO  [main] [p.t.internal] up again\n");
    write("state-at-start", "active\n");
    expect(start().status).toBe(0);
    expect(calls()).toEqual(["stop", "start"]);
  });

  it("is not given up for what the log says of the time before it, also while a command comes before its process", () => {
    write("log", DEAD);
    // systemd goes on to show the process that was stopped until there is another.
    write("InactiveExitTimestamp", "9999999999\n");
    write("delay", "1.5");
    write("state-at-start", "active\n");
    expect(start().status).toBe(0);
    expect(calls()).toEqual(["start"]);
  });
});
