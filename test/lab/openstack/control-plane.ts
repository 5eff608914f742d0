import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { installFor } from "../../../scripts/operating-system-packages.ts";
import { AdminApi } from "./admin-api.ts";
import { writeConfigFiles } from "./config-files.ts";
import { makeContent, makeIdentities, type PROJECTS, USER } from "./content.ts";
import { Front } from "./front.ts";
import { endProcesses } from "./lab-processes.ts";
import { makePlan, type Plan, REGION, urlOf } from "./plan.ts";
import { makeSchemas } from "./schemas.ts";
import {
  startBus,
  startDatabase,
  startKeystone,
  startServices,
  unpackPasteFiles,
} from "./services.ts";

/** The directory of a control plane that runs already: to work on a test without starting one each time. */
const RUNNING = "BOOTMACHINE_LAB_OPENSTACK_RUNNING";

export const PLAN_FILE = "plan.json";

/**
 * A real OpenStack (Debian 12's packages, release Zed) on loopback: keystone, glance, placement, neutron, nova with
 * its own fake compute driver, for which servers are records alone. No agents, no metadata service, no volumes.
 */
export class ControlPlane {
  readonly plan: Plan;
  readonly front: Front;
  readonly admin: AdminApi;
  readonly #isOurs: boolean;

  private constructor(plan: Plan, front: Front, admin: AdminApi, isOurs: boolean) {
    this.plan = plan;
    this.front = front;
    this.admin = admin;
    this.#isOurs = isOurs;
  }

  /** Starts one and its front; about a minute on two cores, with the packages there. `stop` takes all of it away. */
  static async start(): Promise<ControlPlane> {
    const running = process.env[RUNNING];
    const plan =
      running === undefined
        ? await startControlPlane(await mkdtemp(join(tmpdir(), "openstack-")))
        : (JSON.parse(await readFile(join(running, PLAN_FILE), "utf8")) as Plan);
    try {
      return new ControlPlane(
        plan,
        await Front.start(plan),
        await AdminApi.logIn(plan),
        running === undefined,
      );
    } catch (error) {
      if (running === undefined) await removeControlPlane(plan.directory);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.front.close();
    if (this.#isOurs) await removeControlPlane(this.plan.directory);
  }

  environment(project: (typeof PROJECTS)[number] = "demo"): Readonly<Record<string, string>> {
    return environmentFor(this.plan, project);
  }
}

/** The environment of somebody who has sourced the openrc file of the project. */
export function environmentFor(
  plan: Plan,
  project: (typeof PROJECTS)[number],
): Readonly<Record<string, string>> {
  return {
    OS_AUTH_URL: `${urlOf(plan, "front")}/identity/v3`,
    OS_IDENTITY_API_VERSION: "3",
    OS_REGION_NAME: REGION,
    OS_USERNAME: USER,
    OS_PASSWORD: plan.password,
    OS_PROJECT_NAME: project,
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_DOMAIN_NAME: "Default",
    HOME: "/nonexistent",
  };
}

/** Brings all services up, with everything of theirs below the directory. */
export async function startControlPlane(directory: string): Promise<Plan> {
  const { isReady, reason } = installFor(["openstack control plane"]);
  if (!isReady) throw new Error(`A real OpenStack cannot be started: ${reason}`);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const plan = await makePlan(directory);
  await writeFile(join(directory, PLAN_FILE), JSON.stringify(plan), { mode: 0o600 });
  try {
    await unpackPasteFiles(plan);
    await writeConfigFiles(plan);
    await startBus(plan);
    await startDatabase(plan);
    await makeSchemas(plan);
    await startKeystone(plan);
    await makeIdentities(plan);
    await startServices(plan);
    await makeContent(plan);
    return plan;
  } catch (error) {
    // The logs stay: they say why.
    await endProcesses(directory);
    throw error;
  }
}

/** Ends all processes of a control plane, in whatever state it is, and removes its directory. */
export async function removeControlPlane(directory: string): Promise<void> {
  await endProcesses(directory);
  await rm(directory, { recursive: true, force: true });
}

/** For the global teardown: removes control planes below a directory that were never stopped; returns their directories. */
export async function removeLeftControlPlanes(directory: string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (
      !(await access(join(path, PLAN_FILE)).then(
        () => true,
        () => false,
      ))
    )
      continue;
    await removeControlPlane(path);
    left.push(path);
  }
  return left;
}
