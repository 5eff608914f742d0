import type { ChefSettings } from "./options.ts";

/** The names under which the two builds of the same client go on a host. */
export interface Product {
  /** In the package database, and in the download service's paths. */
  readonly package: string;
  /** Shown to people. */
  readonly title: string;
  readonly client: string;
  /** Settings. */
  readonly settings: string;
  /** What the client keeps from run to run. */
  readonly state: string;
  readonly server: ServerProduct;
}

/** The same of the server side. */
export interface ServerProduct {
  readonly package: string;
  /** In the download service's paths. */
  readonly product: string;
  readonly title: string;
  /** Its own command for everything that concerns it. */
  readonly control: string;
  /** Of its programs; knife is one of them. */
  readonly root: string;
  readonly settings: string;
  readonly settingsFile: string;
  readonly state: string;
}

/** Source: chef-utils' `dist.rb`, chef-server's omnibus project, and Cinc's substitutions in them (2026-08). */
const PRODUCTS: Readonly<Record<ChefSettings["product"], Product>> = {
  cinc: {
    package: "cinc",
    title: "Cinc Client",
    client: "/usr/bin/cinc-client",
    settings: "/etc/cinc",
    state: "/var/cinc",
    server: {
      package: "cinc-server-core",
      product: "cinc-server",
      title: "Cinc Server",
      control: "/usr/bin/cinc-server-ctl",
      root: "/opt/cinc-project",
      settings: "/etc/cinc-project",
      settingsFile: "/etc/cinc-project/cinc-server.rb",
      state: "/var/opt/cinc-project",
    },
  },
  chef: {
    package: "chef",
    title: "Chef Infra Client",
    client: "/usr/bin/chef-client",
    settings: "/etc/chef",
    state: "/var/chef",
    server: {
      package: "chef-server-core",
      product: "chef-server",
      title: "Chef Infra Server",
      control: "/usr/bin/chef-server-ctl",
      root: "/opt/opscode",
      settings: "/etc/opscode",
      settingsFile: "/etc/opscode/chef-server.rb",
      state: "/var/opt/opscode",
    },
  },
};

export function productOf(settings: ChefSettings): Product {
  return PRODUCTS[settings.product];
}

/** A package that a host gets: the client, or the server side. */
export interface WantedPackage {
  readonly title: string;
  /** In the package database. */
  readonly name: string;
  /** In the download service's paths. */
  readonly product: string;
  /** There when the package is. */
  readonly command: string;
  readonly version: string;
  /** The user's own, by platform. */
  readonly given: ChefSettings["packages"];
  /** On the host: where it is put, and what was installed is noted. */
  readonly folder: string;
}

export function clientPackage(settings: ChefSettings): WantedPackage {
  const { package: name, title, client } = productOf(settings);
  return {
    title,
    name,
    product: name,
    command: client,
    version: settings.version,
    given: settings.packages,
    folder: "/var/lib/bootmachine/chef-package",
  };
}

export function serverPackage(
  settings: ChefSettings,
  server: NonNullable<ChefSettings["server"]>,
): WantedPackage {
  const { package: name, product, title, control } = productOf(settings).server;
  return {
    title,
    name,
    product,
    command: control,
    version: server.version,
    given: server.packages,
    folder: "/var/lib/bootmachine/chef-server-package",
  };
}

/** A package that is brought to the host, as long as it is not installed; its checksum lies beside it. */
export function relayedPackage({ folder }: WantedPackage): string {
  return `${folder}/relayed`;
}

/** Where a server's part of the work lies on it. */
export interface HostPaths {
  /** The user's tree. */
  readonly tree: string;
  /** What bootmachine renders for the server. */
  readonly data: string;
  readonly attributes: string;
  readonly runList: string;
  /** How the last run ended: "ok", or why it failed. */
  readonly lastRun: string;
  /** Held by the client while it runs. */
  readonly lock: string;
  /** Adds the attributes and reports. */
  readonly handlers: string;
  readonly settingsFile: string;
  /** With a server: the client's own key, and the certificates that it believes. */
  readonly clientKey: string;
  readonly certificates: string;
}

export function hostPaths(settings: ChefSettings): HostPaths {
  const product = productOf(settings);
  const data = `${settings.remoteDir}/server`;
  return {
    tree: `${settings.remoteDir}/tree`,
    data,
    attributes: `${data}/attributes.json`,
    runList: `${data}/run-list.json`,
    lastRun: `${product.state}/bootmachine-last-run`,
    lock: `${product.state}/client-running.pid`,
    handlers: `${product.settings}/bootmachine-handlers.rb`,
    settingsFile: `${product.settings}/client.rb`,
    clientKey: `${product.settings}/client.pem`,
    certificates: `${product.settings}/trusted_certs`,
  };
}
