/**
 * A controller as a process of its own, so that a test can kill it at any moment: secures one server as the fleet does
 * it, and prints its events and its outcome, one JSON object a line. `node access-controller.ts JOB-FILE`.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { changeAccess } from "../../src/baseline/access-change.ts";
import type { AccessChangeEvent } from "../../src/baseline/access-events.ts";
import type { BaselineContext } from "../../src/baseline/context.ts";
import { debian } from "../../src/distros/debian.ts";
import { toBootmachineError } from "../../src/errors/error.ts";
import type { Host } from "../../src/host/host.ts";
import { openHost } from "../../src/host/open-host.ts";
import { waitForHost } from "../../src/host/wait-for-host.ts";
import type { User } from "../../src/stack/stack.ts";
import type { SshOptions, SshTarget } from "../../src/transport/contract.ts";
import { openSsh } from "../../src/transport/open-ssh.ts";
import { contextFixture, serverFixture, userFixture } from "../golden/baseline/fixture.ts";
import { QUICK_LOGINS } from "./quick-logins.ts";

export interface ControllerJob {
  readonly server: string;
  readonly address: string;
  readonly controlDirectory: string;
  readonly knownHostsFile: string;
  readonly identityFile: string;
  /** Public keys of the operator, as the config would say them. */
  readonly operatorKeys: readonly string[];
  readonly port: number;
  /** The way in before the change. */
  readonly arrival: { readonly user: string; readonly port: number };
  readonly rollbackMs: number;
  readonly connectTimeoutMs: number;
  readonly operatorName: string;
  /** What the config says of the operator besides the keys. */
  readonly operator: Partial<User>;
  /** Other declared users. */
  readonly others: readonly string[];
  /** Openings of the firewall, besides ssh: TCP ports. */
  readonly openPorts: readonly number[];
  /** What happens to this controller, or to its link, when a step begins. */
  readonly fault?: {
    readonly step: string;
    readonly state: "started" | "done";
    readonly kind: "kill" | "cut" | "abort";
    /** For "cut": for how long, ms. */
    readonly ms?: number;
  };
}

export type ControllerLine =
  | { readonly event: AccessChangeEvent }
  | { readonly changed: readonly string[] }
  | { readonly reached: SshTarget }
  | { readonly outcome: { readonly user: string; readonly port: number } }
  | { readonly error: ReturnType<ReturnType<typeof toBootmachineError>["toRecord"]> };

function print(line: ControllerLine): void {
  // Synchronous, so that nothing is lost when the next thing is SIGKILL.
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function secure(job: ControllerJob): Promise<void> {
  const transport = openSsh({ controlDirectory: job.controlDirectory });
  const options: SshOptions = {
    knownHostsFile: job.knownHostsFile,
    hostKeyAlias: job.server,
    identityFile: job.identityFile,
    configFile: QUICK_LOGINS,
    connectTimeoutMs: job.connectTimeoutMs,
  };
  const cancelled = new AbortController();
  const way = (user: string, port: number): SshTarget => ({
    server: job.server,
    address: job.address,
    user,
    port,
  });
  const newWay = way(job.operatorName, job.port);
  const oldWay = way(job.arrival.user, job.arrival.port);
  const host = await waitForHost({
    transport,
    candidates: [newWay, oldWay].map((target) => ({ target, options })),
    timeoutMs: 60_000,
    signal: cancelled.signal,
    onAttempt: () => undefined,
  });
  print({ reached: host.target });
  try {
    print({ outcome: await secureOver(host) });
  } finally {
    await host.close();
  }

  async function secureOver(host: Host): Promise<{ user: string; port: number }> {
    const fixture = contextFixture("13");
    const server = serverFixture({
      name: job.server,
      ssh: {
        ...fixture.server.ssh,
        port: job.port,
        identityFile: job.identityFile,
        rollbackMs: job.rollbackMs,
      },
      firewall: job.openPorts.map((port) => ({
        port,
        protocol: "tcp" as const,
        from: "anywhere" as const,
        roles: [],
      })),
    });
    const context: BaselineContext = {
      stack: {
        ...fixture.stack,
        operator: job.operatorName,
        users: [
          userFixture(job.operatorName, {
            keys: job.operatorKeys,
            sudo: "nopasswd",
            ...job.operator,
          }),
          ...job.others.map((name) =>
            userFixture(name, { keys: job.operatorKeys, sudo: "nopasswd", groups: ["sudo"] }),
          ),
        ],
        groups: [],
        servers: [server],
      },
      server,
      facts: host.facts,
      distro: debian(),
      members: [],
      arrivalPort: host.target.port,
      arrivalUser: host.target.user,
    };
    const strike = (fault: NonNullable<ControllerJob["fault"]>): void => {
      switch (fault.kind) {
        case "kill":
          process.kill(process.pid, "SIGKILL");
          return;
        case "abort":
          cancelled.abort();
          return;
        case "cut":
          // Every packet to the server is dropped on this computer, for a while.
          spawnSync("ip", ["route", "add", "blackhole", job.address]);
          setTimeout(
            () => spawnSync("ip", ["route", "del", "blackhole", job.address]),
            fault.ms ?? 0,
          );
      }
    };
    const secured = await changeAccess({
      context,
      host,
      openNewWay: () => openHost(transport, newWay, options),
      openOldWay: () => openHost(transport, host.target, options),
      emit: (event) => {
        print({ event });
        const { fault } = job;
        if (fault?.step === event.step && fault.state === event.state) strike(fault);
      },
      signal: cancelled.signal,
      onMessage: (message) => {
        if (message.kind === "resource" && message.report.status === "changed") {
          print({ changed: [message.report.id] });
        }
      },
    });
    await secured.close();
    return { user: secured.target.user, port: secured.target.port };
  }
}

const [file] = process.argv.slice(2);
try {
  await secure(JSON.parse(readFileSync(file ?? "", "utf8")) as ControllerJob);
} catch (error) {
  print({ error: toBootmachineError(error).toRecord() });
  process.exitCode = 1;
}
