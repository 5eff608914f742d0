import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";

import { runCommand } from "../../../src/providers/local/command.ts";
import { runProgram, startProgram, waitFor } from "./lab-processes.ts";
import { ADDRESS, pathIn, type Plan, type PortName, PYTHON_FILES, urlOf } from "./plan.ts";
import { runSql, serviceCommand } from "./schemas.ts";

export async function startDatabase(plan: Plan): Promise<void> {
  const data = pathIn(plan, "data", "db");
  await mkdir(pathIn(plan, "data"), { recursive: true });
  await runProgram(plan, "mariadb-install", [
    "mariadb-install-db",
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    "--user=root",
  ]);
  await startProgram(plan, "mariadb", [
    "mariadbd",
    "--no-defaults",
    "--user=root",
    `--datadir=${data}`,
    `--socket=${pathIn(plan, "data", "db.sock")}`,
    `--pid-file=${pathIn(plan, "data", "db.pid")}`,
    "--skip-networking",
    "--skip-log-bin",
    "--max-connections=400",
    "--performance-schema=0",
    "--innodb-buffer-pool-size=128M",
    // Nothing of it is wanted after a crash.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
  ]);
  await waitFor(plan, "the database", 60_000, async () => {
    await runSql(plan, "select 1");
    return true;
  });
}

export async function startBus(plan: Plan): Promise<void> {
  await mkdir(pathIn(plan, "data", "bus"), { recursive: true });
  const config = pathIn(plan, "conf", "bus.conf");
  const plugins = pathIn(plan, "conf", "bus-plugins");
  await writeFile(plugins, "[].\n");
  await writeFile(
    config,
    [
      `listeners.tcp.1 = ${ADDRESS}:${plan.ports.bus}`,
      "default_user = lab",
      `default_pass = ${plan.password}`,
      "loopback_users = none",
      "log.console = true",
      "log.file = false",
      "disk_free_limit.absolute = 50MB",
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  await startProgram(plan, "rabbitmq", ["/usr/lib/rabbitmq/bin/rabbitmq-server"], {
    HOME: pathIn(plan, "data", "bus"),
    RABBITMQ_NODENAME: "lab@localhost",
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_MNESIA_BASE: pathIn(plan, "data", "bus", "mnesia"),
    RABBITMQ_LOG_BASE: pathIn(plan, "log"),
    RABBITMQ_PID_FILE: pathIn(plan, "data", "bus", "pid"),
    RABBITMQ_DIST_PORT: String(plan.ports.busNodes),
    // Loopback alone; one scheduler that sleeps when it has nothing to do.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
    ERL_EPMD_PORT: String(plan.ports.busNames),
    ERL_EPMD_ADDRESS: ADDRESS,
  });
}

export async function startKeystone(plan: Plan): Promise<void> {
  await startWsgi(plan, "keystone", "identity", {
    OS_KEYSTONE_CONFIG_DIR: pathIn(plan, "conf", "keystone"),
  });
  await isUp(plan, "identity", "/v3/");
}

/** Everything else; ends when all of them answer. */
export async function startServices(plan: Plan): Promise<void> {
  const conf = (name: string): readonly string[] => ["--config-file", pathIn(plan, "conf", name)];
  const nova = [...conf("nova.conf"), ...conf("nova-databases.conf")];
  await startWsgi(plan, "placement", "placement", {
    OS_PLACEMENT_CONFIG_DIR: pathIn(plan, "conf", "placement"),
  });
  await startProgram(
    plan,
    "glance",
    serviceCommand("glance-api", "glance.cmd.api:main", ...conf("glance-api.conf")),
  );
  await waitFor(plan, "the bus", 120_000, async () => await accepts(plan.ports.bus));
  const services = [
    ["neutron", "neutron-server", "neutron.cmd.eventlet.server:main", conf("neutron.conf")],
    ["nova-api", "nova-api", "nova.cmd.api_os_compute:main", nova],
    ["nova-conductor", "nova-conductor", "nova.cmd.conductor:main", nova],
    ["nova-scheduler", "nova-scheduler", "nova.cmd.scheduler:main", nova],
    ["nova-compute", "nova-compute", "nova.cmd.compute:main", conf("nova.conf")],
  ] as const;
  for (const [name, command, target, files] of services)
    await startProgram(plan, name, serviceCommand(command, target, ...files));
  for (const port of ["placement", "image", "network", "compute"] as const)
    await isUp(plan, port, "/");
}

async function startWsgi(
  plan: Plan,
  name: string,
  port: PortName,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  await startProgram(
    plan,
    name,
    [
      "uwsgi_python3",
      "--http-socket",
      `${ADDRESS}:${plan.ports[port]}`,
      "--wsgi-file",
      `${PYTHON_FILES}/${name}_wsgi.py`,
      "--master",
      "--die-on-term",
      "--lazy-apps",
      "--need-app",
      "--enable-threads",
      "--processes",
      "1",
      "--threads",
      "8",
      "--thunder-lock",
      "--buffer-size",
      "65535",
      "--add-header",
      "Connection: close",
      "--disable-logging",
    ],
    environment,
  );
}

async function isUp(plan: Plan, port: PortName, path: string): Promise<void> {
  await waitFor(plan, port, 120_000, async () => {
    const answer = await fetch(`${urlOf(plan, port)}${path}`, {
      signal: AbortSignal.timeout(5000),
    });
    await answer.body?.cancel();
    return answer.status < 500;
  });
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((done) => {
    const socket = connect({ host: ADDRESS, port, timeout: 2000 });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      done(isOpen);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

/** The paste files of three APIs, from packages that are fetched and unpacked: installed, they ask questions. */
export async function unpackPasteFiles(plan: Plan): Promise<void> {
  const target = pathIn(plan, "unpacked");
  await mkdir(target, { recursive: true });
  const command = `cd "$1" && chmod 755 . && apt-get -q download nova-common neutron-common glance-common >apt.log 2>&1 &&
    for package in *.deb; do dpkg-deb -x "$package" . || exit 1; done`;
  await runCommand(["sh", "-c", command, "unpack", target], { timeoutMs: 120_000 });
}
