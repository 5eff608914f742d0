import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { ADDRESS, pathIn, type Plan, REGION, urlOf } from "./plan.ts";

type Section = Readonly<Record<string, string | number | boolean>>;
type Config = Readonly<Record<string, Section>>;

/** Writes every service's configuration. */
export async function writeConfigFiles(plan: Plan): Promise<void> {
  const conf = (name: string): string => pathIn(plan, "conf", name);
  await Promise.all([
    writeConfig(conf("keystone/keystone.conf"), keystone(plan)),
    writeConfig(conf("placement/placement.conf"), placement(plan)),
    writeConfig(conf("glance-api.conf"), glance(plan)),
    writeConfig(conf("neutron.conf"), neutron(plan)),
    writeConfig(conf("nova.conf"), nova(plan)),
    // The compute service must not know the databases.
    writeConfig(conf("nova-databases.conf"), {
      database: database(plan, "nova"),
      api_database: database(plan, "nova_api"),
    }),
    ...["nova", "neutron", "glance"].map(async (service) => await copyPaste(plan, service)),
    writeMechanismDriver(plan),
    ...["images", "nova", "lock", "neutron", "bus"].map(
      async (name) => await mkdir(pathIn(plan, "data", name), { recursive: true }),
    ),
  ]);
}

function keystone(plan: Plan): Config {
  const keys = { key_repository: pathIn(plan, "data", "fernet") };
  return {
    DEFAULT: LOGGING,
    database: database(plan, "keystone"),
    // The least that bcrypt takes: these passwords protect nothing.
    identity: { password_hash_rounds: 4 },
    token: { provider: "fernet", expiration: 14_400 },
    fernet_tokens: keys,
    fernet_receipts: keys,
    credential: { key_repository: pathIn(plan, "data", "credential") },
  };
}

function placement(plan: Plan): Config {
  return {
    DEFAULT: LOGGING,
    placement_database: database(plan, "placement"),
    api: { auth_strategy: "keystone" },
    keystone_authtoken: tokenCheck(plan),
  };
}

function glance(plan: Plan): Config {
  const images = pathIn(plan, "data", "images");
  return {
    DEFAULT: {
      ...LOGGING,
      bind_host: ADDRESS,
      bind_port: plan.ports.image,
      workers: 0,
      enabled_backends: "fs:file",
      node_staging_uri: `file://${images}/staging`,
    },
    glance_store: { default_backend: "fs" },
    fs: { filesystem_store_datadir: images },
    os_glance_tasks_store: { filesystem_store_datadir: `${images}/tasks` },
    os_glance_staging_store: { filesystem_store_datadir: `${images}/staging` },
    database: database(plan, "glance"),
    oslo_concurrency: { lock_path: pathIn(plan, "data", "lock") },
    paste_deploy: { flavor: "keystone", config_file: pasteFile(plan, "glance") },
    keystone_authtoken: tokenCheck(plan),
  };
}

function neutron(plan: Plan): Config {
  return {
    DEFAULT: {
      ...LOGGING,
      bind_host: ADDRESS,
      bind_port: plan.ports.network,
      api_workers: 0,
      rpc_workers: 0,
      rpc_state_report_workers: 0,
      core_plugin: "ml2",
      service_plugins: "router",
      transport_url: busUrl(plan),
      state_path: pathIn(plan, "data", "neutron"),
      api_paste_config: pasteFile(plan, "neutron"),
      auth_strategy: "keystone",
      notify_nova_on_port_status_changes: true,
      notify_nova_on_port_data_changes: true,
      send_events_interval: 1,
      dhcp_agent_notification: false,
    },
    database: database(plan, "neutron"),
    oslo_concurrency: { lock_path: pathIn(plan, "data", "lock") },
    oslo_messaging_notifications: { driver: "noop" },
    // Not by way of the front: its calls are those of the tests.
    nova: { ...serviceUser(plan), endpoint_type: "internal" },
    placement: serviceUser(plan),
    keystone_authtoken: tokenCheck(plan),
    ml2: {
      type_drivers: "local,flat",
      tenant_network_types: "local",
      mechanism_drivers: "bind_every_port",
      extension_drivers: "port_security",
    },
    ml2_type_flat: { flat_networks: "*" },
    securitygroup: { enable_security_group: true },
  };
}

function nova(plan: Plan): Config {
  const user = serviceUser(plan);
  return {
    DEFAULT: {
      ...LOGGING,
      host: "lab",
      my_ip: ADDRESS,
      // Servers are records alone. This one has room for hundreds.
      compute_driver: "fake.FakeDriver",
      state_path: pathIn(plan, "data", "nova"),
      transport_url: busUrl(plan),
      enabled_apis: "osapi_compute",
      osapi_compute_listen: ADDRESS,
      osapi_compute_listen_port: plan.ports.compute,
      osapi_compute_workers: 1,
      vif_plugging_is_fatal: false,
      vif_plugging_timeout: 0,
      periodic_fuzzy_delay: 0,
    },
    api: { auth_strategy: "keystone" },
    wsgi: { api_paste_config: pasteFile(plan, "nova") },
    conductor: { workers: 1 },
    scheduler: { workers: 1, discover_hosts_in_cells_interval: 2 },
    oslo_concurrency: { lock_path: pathIn(plan, "data", "lock") },
    oslo_messaging_notifications: { driver: "noop" },
    glance: { endpoint_override: urlOf(plan, "image"), ...user },
    neutron: { ...user, valid_interfaces: "internal" },
    placement: { ...user, valid_interfaces: "internal" },
    service_user: { send_service_user_token: true, ...user },
    vnc: { enabled: false },
    keystone_authtoken: tokenCheck(plan),
  };
}

/** Into the service's log file, which its standard error is. */
const LOGGING: Section = { use_stderr: true };

function database(plan: Plan, name: string): Section {
  const socket = pathIn(plan, "data", "db.sock");
  return {
    connection: `mysql+pymysql://root@localhost/${name}?unix_socket=${socket}&charset=utf8`,
    max_pool_size: 5,
    max_overflow: 20,
  };
}

function busUrl({ password, ports }: Plan): string {
  return `rabbit://lab:${password}@${ADDRESS}:${ports.bus}/`;
}

/** How the services prove to each other who they are. */
function serviceUser(plan: Plan): Section {
  return {
    auth_url: urlOf(plan, "identity"),
    auth_type: "password",
    username: "service",
    password: plan.password,
    project_name: "service",
    user_domain_id: "default",
    project_domain_id: "default",
    region_name: REGION,
  };
}

/** How a service checks the tokens that it is given. */
function tokenCheck(plan: Plan): Section {
  return {
    ...serviceUser(plan),
    www_authenticate_uri: urlOf(plan, "identity"),
    service_token_roles_required: true,
  };
}

function pasteFile(plan: Plan, service: string): string {
  return pathIn(plan, "conf", `${service}-paste.ini`);
}

/** The chains of filters of an API, from a package that is unpacked and not installed. */
async function copyPaste(plan: Plan, service: string): Promise<void> {
  const name = service === "glance" ? "glance-api-paste.ini" : "api-paste.ini";
  const text = await readFile(
    pathIn(plan, "unpacked", `usr/share/${service}-common/${name}`),
    "utf8",
  );
  const file = pasteFile(plan, service);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text.replaceAll(`/etc/${service}/`, `${pathIn(plan, "conf")}/`));
}

/** Neutron finds drivers by the entry points of installed packages only. */
async function writeMechanismDriver(plan: Plan): Promise<void> {
  const directory = pathIn(plan, "python", "bootmachine_lab-1.0.dist-info");
  await mkdir(directory, { recursive: true });
  await writeFile(
    `${directory}/METADATA`,
    "Metadata-Version: 2.1\nName: bootmachine-lab\nVersion: 1.0\n",
  );
  await writeFile(
    `${directory}/entry_points.txt`,
    "[neutron.ml2.mechanism_drivers]\nbind_every_port = bind_every_port:BindEveryPort\n",
  );
}

async function writeConfig(file: string, config: Config): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const lines = Object.entries(config).flatMap(([section, values]) => [
    `[${section}]`,
    ...Object.entries(values).map(([key, value]) => `${key} = ${value}`),
    "",
  ]);
  await writeFile(file, lines.join("\n"), { mode: 0o600 });
}
