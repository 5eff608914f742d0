// A real OpenStack for looking around by hand, and for working on the tests that need one.
//
//   node test/lab/openstack/main.ts up DIRECTORY       starts it there, and its front in this process until Ctrl-C
//   node test/lab/openstack/main.ts openrc DIRECTORY   the environment, to be evaluated by a shell
//   node test/lab/openstack/main.ts down DIRECTORY     ends it and removes the directory
//
// With BOOTMACHINE_LAB_OPENSTACK_RUNNING=DIRECTORY a test takes this one instead of starting its own (the front of `up`
// must not run then: `up DIRECTORY --no-front`).
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import {
  environmentFor,
  PLAN_FILE,
  removeControlPlane,
  startControlPlane,
} from "./control-plane.ts";
import { Front } from "./front.ts";
import type { Plan } from "./plan.ts";

const [verb, directory, option] = process.argv.slice(2);
if (directory === undefined) throw new Error("up|openrc|down DIRECTORY");
const path = resolve(directory);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

switch (verb) {
  case "up": {
    const began = Date.now();
    const plan = await startControlPlane(path);
    say(`ready after ${Math.round((Date.now() - began) / 1000)} s: ${path}`);
    if (option !== "--no-front") await Front.start(plan);
    break;
  }
  case "openrc": {
    const plan = JSON.parse(await readFile(join(path, PLAN_FILE), "utf8")) as Plan;
    const { HOME: _home, ...environment } = environmentFor(plan, "demo");
    for (const [name, value] of Object.entries(environment)) say(`export ${name}=${value}`);
    break;
  }
  case "down":
    await removeControlPlane(path);
    break;
  default:
    throw new Error("up|openrc|down DIRECTORY");
}
