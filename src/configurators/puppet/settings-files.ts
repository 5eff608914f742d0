import type { HostFacts } from "../../host/facts.ts";
import type { ConfiguratorContext } from "../contract.ts";
import { dataFolder, type Layout } from "./layout.ts";
import type { PuppetSettings } from "./options.ts";

/** puppet.conf of one member. Nobody is signed automatically, and the master is called by the name in its certificate. */
export function puppetConf(
  settings: PuppetSettings,
  { member, master }: ConfiguratorContext,
): string {
  const { agent, environment, remoteDir, runInterval } = settings;
  const own = settings.settings;
  const sections: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    main: {
      certname: member.server,
      ...(master === undefined ? {} : { server: master.server }),
      environment,
      ...(remoteDir === undefined || !member.isMaster ? {} : { environmentpath: remoteDir }),
      ...own.main,
    },
    agent: {
      // Agents that begin at once all come to the master at once.
      ...(agent === "service" ? { runinterval: runInterval, splay: "true" } : {}),
      ...own.agent,
    },
    server: member.isMaster
      ? {
          autosign: "false",
          dns_alt_names: member.server,
          // Each run would leave a file that nobody clears away; every server keeps its last report.
          reports: "none",
          ...own.server,
        }
      : {},
  };
  return [
    "# Written by bootmachine: change it there, in the options of `puppet`.",
    ...Object.entries(sections)
      .map(([name, values]) => [name, Object.entries(values)] as const)
      .filter(([, values]) => values.length > 0)
      .map(
        ([name, values]) =>
          `[${name}]\n${values.map(([key, value]) => `${key} = ${value}\n`).join("")}`,
      ),
  ].join("\n");
}

/** Stack, roles and members as facts: `$facts['bootmachine']['roles']`. */
export function factsFile({ member: { data } }: ConfiguratorContext): string {
  const { stack, server, roles, master, members } = data;
  return `${JSON.stringify({ bootmachine: { stack, server, roles, master, members } }, undefined, 2)}\n`;
}

/**
 * The data that counts for every environment: what bootmachine knows of each server. It is found by the name in the
 * server's certificate, which the server cannot choose, and never by a fact.
 */
export function hieraConf(layout: Layout): string {
  return `# Written by bootmachine. Your own hierarchy is in your environment's hiera.yaml.
---
version: 5
hierarchy:
  - name: "What bootmachine keeps on each server"
    datadir: ${dataFolder(layout)}
    data_hash: yaml_data
    path: "nodes/%{trusted.certname}.yaml"
`;
}

/** Puppet Server's Java heap, MB. */
export function heapOf({ heapMb }: PuppetSettings, { memoryMb }: HostFacts): number {
  if (heapMb !== undefined) return heapMb;
  if (memoryMb < 3000) return 512;
  return memoryMb < 6000 ? 1024 : 2048;
}

/** What is taken by the process beside its heap, and by an agent's run beside it. MB, measured: 380 and 150. */
const BESIDE_THE_HEAP_MB = 640;

/** The least that a master may have. MB. */
export function masterMemoryMb({ heapMb = 512 }: PuppetSettings): number {
  return heapMb + BESIDE_THE_HEAP_MB;
}

/** An interpreter wants some 512 MB of the heap; one is enough to work. */
export function serverConf(settings: PuppetSettings, facts: HostFacts): string {
  const instances = Math.min(Math.floor(heapOf(settings, facts) / 512), facts.cpus - 1, 4);
  return `# Written by bootmachine; merged with the files beside it.
jruby-puppet: {
    max-active-instances: ${Math.max(1, instances)}
}
`;
}

/** Starting takes 80 s of processor time; the packages give up after five minutes, which a busy small server exceeds. */
const START_LIMIT_SECONDS = 1800;

/** Lines at the end of /etc/default/puppetserver, where the last one counts. */
export function serverDefaults(settings: PuppetSettings, facts: HostFacts): string {
  const heap = heapOf(settings, facts);
  return `JAVA_ARGS="-Xms${heap}m -Xmx${heap}m -Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger"
START_TIMEOUT=${START_LIMIT_SECONDS}
`;
}

export const SERVER_DROP_IN = `# Written by bootmachine.
[Service]
TimeoutStartSec=${START_LIMIT_SECONDS}
`;
