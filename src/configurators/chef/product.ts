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
}

/** Source: chef-utils' `dist.rb` and Cinc's substitutions in it (2026-08). */
const PRODUCTS: Readonly<Record<ChefSettings["product"], Product>> = {
  cinc: {
    package: "cinc",
    title: "Cinc Client",
    client: "/usr/bin/cinc-client",
    settings: "/etc/cinc",
    state: "/var/cinc",
  },
  chef: {
    package: "chef",
    title: "Chef Infra Client",
    client: "/usr/bin/chef-client",
    settings: "/etc/chef",
    state: "/var/chef",
  },
};

export function productOf(settings: ChefSettings): Product {
  return PRODUCTS[settings.product];
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
  };
}
