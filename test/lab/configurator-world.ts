import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import type { WorldRunner } from "../../src/testing/configurator-suite.ts";
import type { ConfiguratorWorld } from "../../src/testing/configurator-world.ts";
import { StackProject } from "./stack-project.ts";

/** One case makes and destroys servers, and installs a tool on each. */
const CASE_LIMIT_MS = 1_800_000;

export const labRunner: WorldRunner = {
  describe,
  it: (name, body) => it(name, { timeout: CASE_LIMIT_MS }, body),
  afterAll,
};

/** A configurator that is no built-in one: `call` is an expression on what the module exports, such as "toy()". */
interface OwnConfigurator {
  /** Absolute. */
  readonly from: string;
  readonly call: string;
}

function isOwn(configurator: unknown): configurator is OwnConfigurator {
  return typeof configurator === "object" && configurator !== null && "call" in configurator;
}

/**
 * A stack of local servers for the suite of configurators, set up by the real command from a YAML config.
 *
 * @param configurator what stands under `configurator` in the config: "none", { name: salt, states: ./states }, or one of
 *   one's own; the config is written before each command, so that a test may change it in place
 * @param options `hasMaster`: the first server is the master; `image` and `size`: of every server, "hub" included
 */
export async function labWorld(
  configurator: unknown,
  options: {
    readonly hasMaster: boolean;
    readonly image?: string;
    readonly size?: string;
    /** Of single servers, by name: more memory for "hub". */
    readonly servers?: Readonly<Record<string, Record<string, unknown>>>;
    /** Whatever else stands in the config. */
    readonly config?: Record<string, unknown>;
    /** Of the command's own environment. */
    readonly env?: Record<string, string>;
  },
): Promise<ConfiguratorWorld> {
  const project = await StackProject.create("suite", [{ name: "hub" }], {
    ...(isOwn(configurator) ? {} : { configurator }),
    // Upgrades have tests of their own, and the archive's of today would make every run another one.
    upgrades: { atBoot: "none" },
    ...options.config,
  });
  await project.bePatient();
  const write = async (): Promise<void> => {
    await project.write();
    if (!isOwn(configurator)) return;
    await rm(join(project.directory, "bootmachine.config.yaml"));
    await writeFile(
      join(project.directory, "bootmachine.config.mjs"),
      `import * as tool from ${JSON.stringify(configurator.from)};
export default { ...${JSON.stringify(project.config)}, configurator: tool.${configurator.call} };
`,
    );
  };
  return {
    directory: project.directory,
    async useServers(names) {
      project.config = {
        ...project.config,
        ...(options.hasMaster ? { master: names[0] } : {}),
        servers: names.map((name) => ({
          name,
          image: options.image ?? "debian-12",
          roles: [name],
          ...(options.size === undefined ? {} : { size: options.size }),
          ...options.servers?.[name],
        })),
      };
    },
    async run(words, onEvent) {
      await write();
      return project.start(words, {
        ...(options.env === undefined ? {} : { env: options.env }),
        onEvent: (event, child) => onEvent?.(event, (signal) => void child.kill(signal)),
      }).result;
    },
    onServer: (server, script) => project.onServer(server, script),
    close: () => project.remove(),
  };
}
