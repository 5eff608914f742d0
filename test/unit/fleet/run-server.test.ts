import { expect, test } from "vitest";

import { none } from "../../../src/configurators/none.ts";
import { Milestones } from "../../../src/fleet/configurator/milestones.ts";
import { SharedWork } from "../../../src/fleet/configurator/shared-work.ts";
import type { EventBody } from "../../../src/fleet/events.ts";
import type { RunContext } from "../../../src/fleet/run-context.ts";
import { runRest, summarize } from "../../../src/fleet/run-server.ts";
import { ServerRun } from "../../../src/fleet/server-run.ts";
import type { Host } from "../../../src/host/host.ts";
import { contextFixture, serverFixture } from "../../golden/baseline/fixture.ts";

test("what is done once for all servers and fails is told of each under its own name", async () => {
  const events: EventBody[] = [];
  const { stack, distro, facts } = contextFixture("12");
  const servers = ["web1", "web2"].map((name) => serverFixture({ name }));
  const { signal } = new AbortController();
  const context = {
    stack: {
      ...stack,
      servers,
      configurator: {
        ...none(),
        name: "toy",
        topology: "solo",
        // Read once for both.
        trees: () => [{ name: "states", local: "/nowhere", remote: "/srv/toy", on: "member" }],
        run: () => ({ on: "member", title: "toy", script: "true", parse: () => [] }),
      },
    },
    mode: "apply",
    phases: new Set(["configure"]),
    milestones: new Milestones(),
    shared: new SharedWork("/"),
    addresses: { machine: () => undefined, members: () => [] },
    paths: { sshConfig: "/nowhere/ssh_config" },
    signal,
    hardSignal: signal,
    emit: (event: EventBody) => void events.push(event),
  } as unknown as RunContext;
  const summaries = await Promise.all(
    servers.map(async (server) => {
      const run = new ServerRun(server, context, {
        id: server.name,
        login: { user: "root", port: 22 },
      } as ServerRun["machine"]);
      run.host = { facts, target: { address: "10.0.0.11", port: 22, user: "ada" } } as Host;
      run.distro = distro;
      return summarize(run, await runRest(run), 0);
    }),
  );
  const wanted = ["web1", "web2"].map((server) => ({
    code: "TREE_UNUSABLE",
    server,
    phase: "configure",
  }));
  expect(summaries.map(({ error }) => error)).toMatchObject(wanted);
  const told = events.flatMap((event) => (event.type === "error" ? [event] : []));
  expect(told.map(({ error }) => error)).toMatchObject(wanted);
  expect(told.map(({ server }) => server)).toEqual(["web1", "web2"]);
});
