import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

import type { Topology } from "../configurators/contract.ts";
import type { FleetEvent, Phase } from "../fleet/events.ts";
import type {
  ConfiguratorWorld,
  SuiteAgent,
  SuiteCommand,
  SuiteTree,
} from "./configurator-world.ts";
import { isSaidByTool, type Moment, momentIn, workOf } from "./interruption.ts";
import { story } from "./suite-story.ts";

/** The suite's servers. Where the tool has no master, the first is a server like the others. */
export const MASTER = "hub";
export const MEMBER = "one";
export const LATER = "two";

/** The file that the tree puts on every server. */
const MARK = "/etc/bootmachine-suite";
/** A program that waits for a file, and leaves another one once it has seen it; it gives up after two minutes. */
const WAITING = "/usr/local/sbin/bootmachine-suite-wait";
const GATE = "/run/bootmachine-suite-gate";
const WAITED = "/run/bootmachine-suite-waited";
const WRITE_WAITING = `rm -f ${GATE} ${WAITED}
cat >${WAITING} <<'END' && chmod 0755 ${WAITING}
#!/bin/sh
for second in $(seq 120); do
  if [ -e ${GATE} ]; then echo waited >${WAITED}; exit 0; fi
  sleep 1
done
echo "nothing of what was printed has arrived meanwhile" >&2
exit 1
END`;
/** How long a stranger may take to knock at the master, and the pause between two looks, ms. */
const KNOCK_LIMIT_MS = 120_000;
const KNOCK_PAUSE_MS = 2_000;

/** Of what `bootmachine configurator agents --json` prints. */
interface AgentList {
  readonly agents: readonly {
    readonly id: string;
    readonly state: string;
    readonly isMember: boolean;
  }[];
}

/** What is known of the tool. */
export interface BenchOptions {
  readonly topology: Topology;
  /** Makes the stack, without a server; called once, when a server is first needed. */
  world(): Promise<ConfiguratorWorld>;
  /** Absent for the topology "none" only. */
  readonly tree?: SuiteTree;
  /** For the topology "agent". */
  readonly agent?: SuiteAgent;
}

/** Drives one stack through the suite, and says what went wrong in the command's own words. */
export class ConfiguratorBench {
  readonly #options: BenchOptions;
  #world: Promise<ConfiguratorWorld> | undefined;
  #firstRun: Promise<SuiteCommand> | undefined;
  readonly #freshRuns = new Map<string, Promise<SuiteCommand>>();
  #mark = "";
  #marks = 0;
  #servers: readonly string[] = [];
  /** The case before has proved all servers, and left them so. */
  #isGood = false;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  get agent(): SuiteAgent {
    const { agent } = this.#options;
    assert.ok(agent !== undefined, "the suite's options say what an agent is (`agent`)");
    return agent;
  }

  /** The run that set up the two servers, from nothing. */
  firstRun(): Promise<SuiteCommand> {
    this.#firstRun ??= this.#setUp();
    return this.#firstRun;
  }

  async #setUp(): Promise<SuiteCommand> {
    await this.useServers([MASTER, MEMBER]);
    await this.changeTree();
    return this.up();
  }

  /** The run that made a server again under its name, beside the other that is up: the others from nothing are like it. */
  freshRun(server: string): Promise<SuiteCommand> {
    const run = this.#freshRuns.get(server) ?? this.destroy(server).then(() => this.up());
    this.#freshRuns.set(server, run);
    return run;
  }

  /** The two servers, up and proved, whatever the case before has left. */
  async ready(): Promise<void> {
    await this.firstRun();
    const wasGood = this.#isGood;
    this.#isGood = false;
    const further = this.#servers.filter((name) => name !== MASTER && name !== MEMBER);
    if (wasGood && further.length === 0) return;
    const world = await this.#open();
    const gone = [...new Set([LATER, ...further])];
    await this.useServers([MASTER, MEMBER, ...gone]);
    await world.run(["destroy", "--yes", ...gone.flatMap((name) => ["--server", name])]);
    await this.useServers([MASTER, MEMBER]);
    if (!wasGood) await this.changeTree();
    await this.up();
  }

  /** A case has ended well: what it leaves need not be made good for the next one. */
  endedWell(): void {
    this.#isGood = true;
  }

  async close(): Promise<void> {
    await (await this.#world)?.close();
  }

  async useServers(names: readonly string[]): Promise<void> {
    this.#servers = names;
    await (await this.#open()).useServers(names);
  }

  async upWith(names: readonly string[]): Promise<SuiteCommand> {
    await this.useServers(names);
    return this.up();
  }

  /** Brings everything up, which must succeed. */
  up(...more: readonly string[]): Promise<SuiteCommand> {
    return this.succeeds("up", "--yes", "--json", ...more);
  }

  async destroy(server: string): Promise<void> {
    await this.succeeds("destroy", "--yes", "--server", server);
  }

  async succeeds(...words: readonly string[]): Promise<SuiteCommand> {
    const command = await (await this.#open()).run(words);
    assert.equal(command.status, 0, story(words, command));
    return command;
  }

  async onServer(server: string, script: string): Promise<string> {
    const { status, stdout } = await (await this.#open()).onServer(server, script);
    assert.equal(status, 0, `on ${server}: ${script}\n${stdout}`);
    return stdout;
  }

  /** A tree with a text that no server has yet; with a program, also one that makes the tool run that. */
  async changeTree(program?: string): Promise<void> {
    const { tree } = this.#options;
    if (tree === undefined) return;
    this.#marks += 1;
    this.#mark = `mark ${this.#marks}`;
    await tree.write((await this.#open()).directory, MARK, this.#mark, program);
  }

  /** The tree as it was before it was broken: the tool has nothing to change on any server. */
  async mendTree(): Promise<void> {
    await this.#options.tree?.write((await this.#open()).directory, MARK, this.#mark);
  }

  /** Every one of these servers is as the tree says, is proved, and the master trusts them and nobody else. */
  async expectGood(servers: readonly string[]): Promise<void> {
    if (this.#options.tree !== undefined) {
      for (const server of servers) {
        assert.equal(await this.onServer(server, `cat ${MARK}`), `${this.#mark}\n`);
      }
    }
    await this.succeeds("verify");
    if (this.#options.topology !== "agent") return;
    const { agents } = await this.#agents();
    assert.deepEqual(
      agents.map(({ id, state }) => `${id} ${state}`).toSorted(),
      servers.map((server) => `${server} accepted`).toSorted(),
    );
  }

  phases(command: SuiteCommand, server: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      command.events.flatMap((event) =>
        event.type === "phase-ended" && event.server === server
          ? [[event.phase, event.outcome]]
          : [],
      ),
    );
  }

  /** Nothing was changed: not by bootmachine, and not by the tool. */
  expectUnchanged({ events }: SuiteCommand): void {
    const changed = events.flatMap((event) =>
      event.type === "resource" && event.status !== "ok" && event.status !== "skipped"
        ? [`${event.server} ${event.phase}: ${event.id} ${event.status} ${event.reason ?? ""}`]
        : [],
    );
    assert.deepEqual(changed, []);
    const outcomes = events.flatMap((event) =>
      event.type === "phase-ended" && !["unchanged", "skipped"].includes(event.outcome)
        ? [`${event.server} ${event.phase}: ${event.outcome}`]
        : [],
    );
    assert.deepEqual(outcomes, []);
  }

  /** The tool has something to do in a phase, as the first run showed: else nothing could be cut off there in this case. */
  async expectWorkIn(phase: Phase, name: string, server: string = MEMBER): Promise<void> {
    const outcome = this.phases(await this.firstRun(), server)[phase];
    const words = `${phase} on ${server} of the first run; where it has no work, say why in notApplicable["${name}"]`;
    assert.equal(outcome, "changed", words);
  }

  /** The tool has nothing to do in a phase on a member, as it is said of it. */
  async expectNoWorkIn(phase: Phase): Promise<void> {
    const outcome = this.phases(await this.firstRun(), MEMBER)[phase];
    const words = `${phase} on ${MEMBER} has work: its interruption applies`;
    assert.ok(outcome === "skipped" || outcome === "unchanged", `${words} (${outcome})`);
  }

  /**
   * What the tool prints comes while it runs: the tree makes it wait on every server for a file that is put there when the
   * first line has come. Without one the tool fails in the end.
   */
  async expectFollowedLive(servers: readonly string[]): Promise<void> {
    for (const server of servers) await this.onServer(server, WRITE_WAITING);
    await this.changeTree(WAITING);
    let opening: Promise<unknown> | undefined;
    const words = ["up", "--yes", "--json"];
    const command = await (
      await this.#open()
    ).run(words, (event) => {
      if (!isSaidByTool(event)) return;
      opening ??= Promise.allSettled(servers.map((server) => this.onServer(server, `: >${GATE}`)));
    });
    await opening;
    assert.ok(opening !== undefined, `the tool says something\n${story(words, command)}`);
    assert.equal(command.status, 0, story(words, command));
    for (const server of servers) {
      const waited = await this.onServer(
        server,
        `cat ${WAITED} && rm ${GATE} ${WAITED} ${WAITING}`,
      );
      assert.equal(waited, "waited\n", `the tree makes the tool run ${WAITING} on ${server}`);
    }
  }

  /** The tool fails on a broken tree, and the reason that people see is the tool's own. */
  async expectToolFailure(): Promise<void> {
    const { tree } = this.#options;
    assert.ok(tree !== undefined, "the suite's options bring a tree");
    const world = await this.#open();
    const words = await tree.break(world.directory);
    const command = await world.run(["up", "--yes", "--json"]);
    assert.equal(command.status, 1, story(["up"], command));
    const errors = command.events.filter((event) => event.type === "error");
    assert.ok(errors.length > 0, story(["up"], command));
    const said = command.events
      .filter((event) => event.type === "error" || event.type === "resource")
      .map((event) => JSON.stringify(event))
      .join("\n");
    assert.match(said, words);
    assert.ok(
      errors.every(({ error }) => error.kind !== "internal"),
      said,
    );
  }

  /** The proof finds something of the tool's that is not as it should be. */
  async expectFailedCheck(server: string): Promise<void> {
    const words = ["verify", "--json"];
    const command = await (await this.#open()).run(words);
    const failed = command.events.filter(
      (event) =>
        event.type === "check" &&
        event.server === server &&
        event.check.status === "failed" &&
        event.check.id.startsWith("configurator-"),
    );
    assert.ok(failed.length > 0, story(words, command));
    assert.equal(command.status, 1, story(words, command));
  }

  /** The master shows the stranger, and has not accepted it. */
  async expectStranger(id: string): Promise<void> {
    const until = Date.now() + KNOCK_LIMIT_MS;
    for (;;) {
      const { status, agents } = await this.#agents();
      const stranger = agents.find((agent) => agent.id === id);
      if (stranger !== undefined) {
        assert.notEqual(stranger.state, "accepted");
        assert.equal(stranger.isMember, false);
        assert.equal(status, 1, "a stranger is a finding");
        return;
      }
      assert.ok(Date.now() < until, `${id} is not shown: ${JSON.stringify(agents)}`);
      await setTimeout(KNOCK_PAUSE_MS);
    }
  }

  async addressOf(server: string): Promise<string> {
    const { stdout } = await this.succeeds("inventory", "--json");
    const { servers } = JSON.parse(stdout) as {
      readonly servers: readonly { readonly server: string; readonly address?: string }[];
    };
    const address = servers.find((entry) => entry.server === server)?.address;
    assert.ok(address !== undefined, `${server} has an address`);
    return address;
  }

  /**
   * Stops a run of `up` in a server's phase: as soon as it has begun, when so much of its work was told, or when the tool has
   * said something.
   */
  async interrupt(
    signal: "SIGINT" | "SIGKILL",
    phase: Phase,
    moment: Moment = "first",
    server: string = MEMBER,
  ): Promise<void> {
    const place = { server, phase };
    const isEarlierAsked = moment === "half" || moment === "last but one";
    const work = isEarlierAsked ? workOf((await this.freshRun(server)).events, place) : [];
    const isMoment = momentIn(work, moment, place);
    let isStopped = false;
    const words = ["up", "--yes", "--json"];
    const command = await (
      await this.#open()
    ).run(words, (event: FleetEvent, stop) => {
      if (!isMoment(event)) return;
      isStopped = true;
      stop(signal);
    });
    assert.ok(isStopped, story(words, command));
    if (signal === "SIGINT") assert.equal(command.status, 130, story(words, command));
  }

  async #agents(): Promise<{ readonly status: number | null } & AgentList> {
    const words = ["configurator", "agents", "--json"];
    const command = await (await this.#open()).run(words);
    assert.ok(command.status === 0 || command.status === 1, story(words, command));
    const { agents } = JSON.parse(command.stdout) as AgentList;
    return { status: command.status, agents };
  }

  #open(): Promise<ConfiguratorWorld> {
    this.#world ??= this.#options.world();
    return this.#world;
  }
}
