import type { OpenStackResults } from "./openstack.ts";

export interface BenchResults {
  machine: {
    readonly cores: number;
    readonly memoryGb: number;
    readonly kernel: string;
    readonly node: string;
    readonly date: string;
  };
  start?: { readonly helpMs: number; readonly emptyMs: number; readonly runs: number };
  boot?: { readonly servers: number; readonly ms: number };
  check?: {
    readonly servers: number;
    readonly oursMs: number;
    readonly handwrittenMs: number;
    readonly ansibleMs: number;
    readonly runs: number;
  };
  first?: { readonly servers: number; readonly oursMs: number; readonly handwrittenMs: number };
  tools?: readonly ToolResults[];
  openstack?: OpenStackResults;
  memory?: { readonly servers: number; readonly firstUpMb: number; readonly noChangeUpMb: number };
}

/** One configuration-management tool on so many servers, the master among them. */
export interface ToolResults {
  readonly tool: string;
  readonly title: string;
  readonly servers: number;
  /** From booted, secured servers to configured ones. */
  readonly configureMs: number;
  readonly handMs: number;
  /** Of each of the two; the better one is given. */
  readonly samples: number;
  /** When there is nothing to do. */
  readonly upMs: number;
  readonly handCheckMs: number;
  readonly runs: number;
}

interface Row {
  readonly what: string;
  readonly ours: string;
  readonly yardstick: string;
  readonly ratio: string;
  readonly target: string;
  /** Undefined: not measured yet. "trial": with too few servers to say. */
  readonly isMet: boolean | "trial" | undefined;
}

/** What is wanted is wanted of so many servers: with fewer a figure is a trial, which proves nothing. */
export const FEWEST_SERVERS = 10;

function judge(servers: number, isMet: boolean): boolean | "trial" {
  return servers < FEWEST_SERVERS ? "trial" : isMet;
}

/** @param tools the titles of all tools that could be measured */
export function renderReport(results: BenchResults, tools: readonly string[]): string {
  const { cores, memoryGb, kernel, node, date } = results.machine;
  const rows = [
    ...rowsOf(results),
    ...rowsOfTools(results, tools),
    ...rowsOfOpenStack(results.openstack),
  ];
  return `# Benchmarks

<!-- Written by \`npm run bench\`; changes made here are lost. -->

Measured on ${date}: ${cores} cores, ${memoryGb} GB of memory, Linux ${kernel}, Node ${node.slice(1)}. Controller and servers share the
computer, so read the ratios, not the times: both sides of each ratio were taken in one run of the bench, in turns where there are
several samples. The kernel's caches are emptied before servers are made: those that are gone would slow down later ones.

| what | bootmachine | compared with | ratio | wanted | |
| --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row.what} | ${row.ours} | ${row.yardstick} | ${row.ratio} | ${row.target} | ${verdictOf(row)} |`).join("\n")}

## To repeat

On Debian 12 with root:

\`\`\`sh
npm run bench
npm run bench -- --only check
\`\`\`

## What is compared

- **No-change \`up\`**: the second and later runs on servers that are as declared, against
  \`bench/handwritten-check.sh\`: one parallel ssh connection a server, and the same facts: packages, pending
  upgrades (both remember that there were none until dpkg, the lists or apt's settings change), users, keys, sudo, \`sshd -T\`, live
  firewall, kernel settings, services, files by checksum, and that there is nothing that nobody declared: accounts that get in,
  administrators, listeners, tables, Match blocks, failed units, a wrong clock. Median of ${results.check?.runs ?? 7} runs,
  taken in turns. And against \`bench/playbook.yml\`: the same state with Ansible (Debian's ansible-core, pipelining,
  one fork a server, persistent connections); the better of two runs, in which nothing is changed.
- **First \`up\`**: from no machine to proved, with the image and the packages in the cache, against booting the same
  servers and then \`bench/handwritten-first.sh\`, which brings them into the same state in parallel. The script trusts the first host key,
  has no way back when it locks itself out, and looks at fewer ports from outside.
- **From secured to configured**: \`bootmachine configure\` on booted and secured servers, one of them the master where the
  tool has one, against a script of \`bench/tools\` that does on other servers of the same kind what one would do by hand: install the tool
  everywhere at once, make it known to its master, bring the same tree, run it. All packages are in the cache for both, and Puppet
  Server has the same heap. Each side is taken at least twice, in turns, each time on servers that were just made; the better of
  each counts.
- **No-change \`up\` with the tool's own state**: as the no-change \`up\`, on the same servers with the tool on them, against the
  same script with further checks for the tool. Median of 5 runs, taken in turns.
- **OpenStack**: \`bootmachine boot\` of servers at a real control plane (Debian 12's keystone, glance, placement, neutron and nova,
  with nova's own fake compute driver, on the same computer), from the start of the process to its end, against
  \`bench/handwritten-openstack.ts\`: one login, all creates at once, one list a second; no security group, no host key, nothing
  to go by after a kill. Median of ${results.openstack?.real.runs ?? 3} runs in turns; the calls are those of the run with most of them. With a limit of
  calls: 200 servers at once (\`--concurrency 200\`) against a simulator that builds a server in half a minute, answers each call
  after a tenth of a second and refuses what is over its limit; its floor is that of six calls one after the other and one build.
  The limit is one of 3600 calls an hour, counted in five minutes instead of sixty: 300. That it can be reached is shown by
  the hand-written client when it asks for each server by itself every second; it ends at the first refusal.
- **Start**: \`bootmachine --help\` against an empty program, median of ${results.start?.runs ?? 20} runs in turns.
- **Memory**: the kernel's high-water mark of the controller's process during a first \`up\`, without the ssh processes
  that it starts.
`;
}

function verdictOf({ isMet }: Row): string {
  if (isMet === undefined) return "**not measured**";
  if (isMet === "trial") return `**a trial: fewer than ${FEWEST_SERVERS} servers**`;
  return isMet ? "met" : "**not met**";
}

/** A part that was never run has its row too: what is not known must not look like what is well. */
function notMeasured(what: string, target: string): Row {
  return { what, ours: "", yardstick: "", ratio: "", target, isMet: undefined };
}

function rowsOf({ boot, check, first, start, memory }: BenchResults): readonly Row[] {
  const rows: Row[] = [];
  if (check === undefined) rows.push(notMeasured("no-change `up`", "at most 2; at most 1/20"));
  if (check !== undefined) {
    const toScript = check.oursMs / check.handwrittenMs;
    const toAnsible = check.ansibleMs / check.oursMs;
    const what = `no-change \`up\`, ${check.servers} servers`;
    rows.push(
      {
        what,
        ours: seconds(check.oursMs),
        yardstick: `hand-written ssh script: ${seconds(check.handwrittenMs)}`,
        ratio: toScript.toFixed(2),
        target: "at most 2",
        isMet: judge(check.servers, toScript <= 2),
      },
      {
        what,
        ours: seconds(check.oursMs),
        yardstick: `Ansible with pipelining: ${seconds(check.ansibleMs)}`,
        ratio: `1/${toAnsible.toFixed(1)}`,
        target: "at most 1/20",
        isMet: judge(check.servers, toAnsible >= 20),
      },
    );
  }
  if (boot === undefined) rows.push(notMeasured("boot of 20 servers at once", "under 15 s"));
  else {
    rows.push({
      what: `boot of ${boot.servers} servers at once, to the ssh greeting of each`,
      ours: seconds(boot.ms),
      yardstick: "",
      ratio: "",
      target: "under 15 s",
      isMet: boot.ms < 15_000,
    });
  }
  if (first === undefined) rows.push(notMeasured("first `up`", "at most 1.3"));
  else {
    const ratio = first.oursMs / first.handwrittenMs;
    rows.push({
      what: `first \`up\`, ${first.servers} servers, all cached`,
      ours: seconds(first.oursMs),
      yardstick: `hand-written script: ${seconds(first.handwrittenMs)}`,
      ratio: ratio.toFixed(2),
      target: "at most 1.3",
      isMet: judge(first.servers, ratio <= 1.3),
    });
  }
  if (start === undefined) rows.push(notMeasured("`bootmachine --help`", "at most 2.5"));
  else {
    const ratio = start.helpMs / start.emptyMs;
    rows.push({
      what: "`bootmachine --help`",
      ours: `${start.helpMs.toFixed(0)} ms`,
      yardstick: `empty Node program: ${start.emptyMs.toFixed(0)} ms`,
      ratio: ratio.toFixed(2),
      target: "at most 2.5",
      isMet: ratio <= 2.5,
    });
  }
  if (memory === undefined) {
    rows.push(notMeasured("memory of the controller, 50 servers", "under 150 MB"));
  } else {
    rows.push({
      what: `memory of the controller, ${memory.servers} servers`,
      ours: `${memory.firstUpMb.toFixed(0)} MB`,
      yardstick: `no-change run: ${memory.noChangeUpMb.toFixed(0)} MB`,
      ratio: "",
      target: "under 150 MB",
      isMet: memory.firstUpMb < 150,
    });
  }
  return rows;
}

function rowsOfTools(results: BenchResults, titles: readonly string[]): readonly Row[] {
  return titles.flatMap((title) => {
    const result = results.tools?.find((each) => each.title === title);
    if (result !== undefined) return rowsOfTool(result);
    return [
      notMeasured(`${title}: from secured to configured`, "at most 1.25"),
      notMeasured(`${title}: no-change \`up\` with the tool's own state`, "at most 2"),
    ];
  });
}

function rowsOfTool(result: ToolResults): readonly Row[] {
  const { title, servers, configureMs, handMs, samples, upMs, handCheckMs } = result;
  const toHand = configureMs / handMs;
  const toCheck = upMs / handCheckMs;
  return [
    {
      what: `${title}: from secured to configured, ${servers} servers, the better of ${samples}`,
      ours: seconds(configureMs),
      yardstick: `by hand, in parallel: ${seconds(handMs)}`,
      ratio: toHand.toFixed(2),
      target: "at most 1.25",
      isMet: judge(servers, toHand <= 1.25),
    },
    {
      what: `${title}: no-change \`up\` with the tool's own state, ${servers} servers`,
      ours: seconds(upMs),
      yardstick: `hand-written ssh script: ${seconds(handCheckMs)}`,
      ratio: toCheck.toFixed(2),
      target: "at most 2",
      isMet: judge(servers, toCheck <= 2),
    },
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function rowsOfOpenStack(results: OpenStackResults | undefined): readonly Row[] {
  if (results === undefined) {
    return [
      notMeasured("boot of 10 servers at an OpenStack", "at most 1.15"),
      notMeasured("calls a server, polls included", "at most 6"),
      rowOfLimit(undefined),
    ];
  }
  const { real } = results;
  const ratio = real.oursMs / real.handwrittenMs;
  return [
    {
      what: `boot of ${real.servers} servers at an OpenStack`,
      ours: seconds(real.oursMs),
      yardstick: `hand-written parallel client: ${seconds(real.handwrittenMs)}`,
      ratio: ratio.toFixed(2),
      target: "at most 1.15",
      isMet: judge(real.servers, ratio <= 1.15),
    },
    {
      what: "calls a server, polls included",
      ours: (real.calls / real.servers).toFixed(1),
      yardstick: "",
      ratio: "",
      target: "at most 6",
      isMet: judge(real.servers, real.calls <= 6 * real.servers),
    },
    rowOfLimit(results.underLimit),
  ];
}

function rowOfLimit(limited: OpenStackResults["underLimit"]): Row {
  if (limited === undefined)
    return notMeasured("200 servers under a limit of calls", "at most 1.3, none refused");
  const toFloor = limited.oursMs / limited.floorMs;
  return {
    what: `${limited.servers} servers, ${limited.limit.calls} calls in any ${limited.limit.windowMs / 60_000} minutes allowed: ${limited.calls} made, ${limited.refused} refused (a client that asks for each server: ${limited.each.refused} of ${limited.each.calls})`,
    ours: seconds(limited.oursMs),
    yardstick: `the simulator's floor: ${seconds(limited.floorMs)}`,
    ratio: toFloor.toFixed(2),
    target: "at most 1.3, none refused",
    // A limit that nobody can reach proves nothing.
    isMet: toFloor <= 1.3 && limited.refused === 0 && limited.each.refused > 0,
  };
}
