import { type ProblemRecord, UserError } from "../../errors/error.ts";
import { resourceProblems } from "../../program/check-resources.ts";
import type { Resource } from "../../program/resource.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Configurator, ConfiguratorContext, ConfiguratorProblem } from "../contract.ts";
import { contradictions } from "./contradictions.ts";
import { scriptOptionsSchema, type ScriptOptions, type ScriptResources } from "./options.ts";

/** Stands for every server. */
const EVERYBODY = "*";

/**
 * Your own resources, by role: no tool is installed, bootmachine itself keeps them with each `up`.
 *
 * For what is too small for Salt, Puppet, Chef or Ansible: some packages, a file, a service, a command with a check.
 *
 * @throws UserError CONFIG_INVALID for options that break the schema; later, on a server, for resources of a function that
 *   do, that contradict each other, or that touch what the config itself keeps.
 */
export function script(options: ScriptOptions): Configurator {
  checkPlain(options);
  const byRole = Object.entries(options.resources);
  return {
    kind: "configurator",
    apiVersion: 1,
    name: "script",
    topology: "solo",
    masterPorts: [],
    minimumMemoryMb: { master: 0, agent: 0 },
    namedRoles: byRole
      .filter(([role]) => role !== EVERYBODY)
      .map(([role]) => ({ role, path: ["resources", role] })),
    check: () =>
      Promise.resolve(byRole.flatMap(([role, resources]) => problemsOf(role, resources))),
    install: () => [],
    enroll: () => [],
    trees: () => [],
    configure: (context) => {
      const resources = resourcesOf(byRole, context);
      return resources.length === 0
        ? []
        : [{ on: "member", title: "applying your resources", resources: () => resources }];
    },
    run: () => undefined,
    verify: () => [],
  };
}

/** Holds everything but the functions, which are called later, against the schema. */
function checkPlain(options: unknown): void {
  const { resources } = (options ?? {}) as { readonly resources?: unknown };
  const plain =
    typeof resources === "object" && resources !== null && !Array.isArray(resources)
      ? {
          ...(options as object),
          resources: Object.fromEntries(
            Object.entries(resources).filter(([, given]) => typeof given !== "function"),
          ),
        }
      : options;
  parsePluginOptions("configurator", "script", scriptOptionsSchema, plain);
}

/** What can be said of plain resources without a server. */
function problemsOf(role: string, resources: ScriptResources): readonly ConfiguratorProblem[] {
  if (typeof resources === "function") return [];
  return resources.flatMap((resource, index) =>
    [...resourceProblems(resource as Resource)].map((message) => ({
      path: ["resources", role, index],
      message,
    })),
  );
}

/** All resources of one server. @throws UserError CONFIG_INVALID with every problem */
function resourcesOf(
  byRole: readonly (readonly [role: string, resources: ScriptResources])[],
  context: ConfiguratorContext,
): readonly Resource[] {
  const { server, roles } = context.member;
  const wanted = [
    ...byRole.filter(([role]) => role === EVERYBODY),
    ...byRole.filter(([role]) => role !== EVERYBODY && roles.includes(role)),
  ];
  const resources: Resource[] = [];
  const problems: ProblemRecord[] = [];
  for (const [role, given] of wanted) {
    const made = typeof given === "function" ? checkedResult(role, given(context)) : given;
    const path = `configurator.resources[${JSON.stringify(role)}]`;
    for (const [index, resource] of (made as readonly Resource[]).entries()) {
      for (const message of resourceProblems(resource)) {
        problems.push({ path: `${path}[${index}]`, message });
      }
      resources.push(resource);
    }
  }
  problems.push(...contradictions(resources, context.member.data));
  if (problems.length === 0) return resources;
  throw new UserError("CONFIG_INVALID", `The resources of ${server} are wrong.`, {
    server,
    problems,
    hint: "Mend them in the config. Nothing of them was applied.",
  });
}

/** What a function of the user's gave back, held against the same schema as a plain list. */
function checkedResult(role: string, made: unknown): readonly unknown[] {
  checkPlain({ resources: { [role]: made } });
  return made as readonly unknown[];
}
