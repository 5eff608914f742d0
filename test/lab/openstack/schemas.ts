import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

import { runProgram } from "./lab-processes.ts";
import { pathIn, type Plan, PYTHON, PYTHON_FILES, REGION, urlOf } from "./plan.ts";

const run = promisify(execFile);

const DATABASES = ["keystone", "placement", "glance", "neutron", "nova", "nova_api", "nova_cell0"];

/** A console script of one of the services. */
export function serviceCommand(
  name: string,
  target: string,
  ...args: readonly string[]
): readonly [string, ...string[]] {
  return [PYTHON, "-m", "run_command", name, target, ...args];
}

/** Runs one statement as the database's root. */
export async function runSql(plan: Plan, statement: string): Promise<void> {
  const socket = pathIn(plan, "data", "db.sock");
  await run("mariadb", ["--no-defaults", "--user=root", `--socket=${socket}`, "-e", statement]);
}

/** Makes and fills the databases of all services, side by side. */
export async function makeSchemas(plan: Plan): Promise<void> {
  const conf = (name: string): readonly string[] => ["--config-file", pathIn(plan, "conf", name)];
  for (const name of DATABASES) await runSql(plan, `create database ${name} character set utf8`);
  await makeKeys(plan);
  const glanceAndPlacement = async (): Promise<void> => {
    await runProgram(
      plan,
      "schema-placement",
      serviceCommand(
        "placement-manage",
        "placement.cmd.manage:main",
        ...conf("placement/placement.conf"),
        "db",
        "sync",
      ),
    );
    await runProgram(
      plan,
      "schema-glance",
      serviceCommand(
        "glance-manage",
        "glance.cmd.manage:main",
        ...conf("glance-api.conf"),
        "db_sync",
      ),
    );
  };
  await Promise.all([
    makeKeystone(plan, conf("keystone/keystone.conf")),
    glanceAndPlacement(),
    runProgram(
      plan,
      "schema-neutron",
      serviceCommand(
        "neutron-db-manage",
        "neutron.db.migration.cli:main",
        ...conf("neutron.conf"),
        "upgrade",
        "heads",
      ),
    ),
    runProgram(plan, "schema-nova", [
      PYTHON,
      `${PYTHON_FILES}/make_nova_schemas.py`,
      pathIn(plan, "conf", "nova.conf"),
      pathIn(plan, "conf", "nova-databases.conf"),
    ]),
  ]);
}

async function makeKeystone(plan: Plan, conf: readonly string[]): Promise<void> {
  const manage = (...args: readonly string[]): readonly [string, ...string[]] =>
    serviceCommand("keystone-manage", "keystone.cmd.manage:main", ...conf, ...args);
  await runProgram(plan, "schema-keystone", manage("db_sync"));
  const inner = `${urlOf(plan, "identity")}/v3/`;
  await runProgram(
    plan,
    "schema-keystone",
    manage(
      "bootstrap",
      "--bootstrap-region-id",
      REGION,
      "--bootstrap-public-url",
      `${urlOf(plan, "front")}/identity/v3/`,
      "--bootstrap-internal-url",
      inner,
      "--bootstrap-admin-url",
      inner,
    ),
    { OS_BOOTSTRAP_PASSWORD: plan.password },
  );
}

/** Two keys each, as `keystone-manage fernet_setup` makes them. */
async function makeKeys(plan: Plan): Promise<void> {
  for (const place of ["fernet", "credential"]) {
    await mkdir(pathIn(plan, "data", place), { recursive: true, mode: 0o700 });
    for (const name of ["0", "1"]) {
      const key = randomBytes(32).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
      await writeFile(pathIn(plan, "data", place, name), key, { mode: 0o600 });
    }
  }
}
