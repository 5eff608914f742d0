import type { CallCounts } from "../../cloud/call-limit.ts";
import { type Environment, loadingEnvironment } from "../../stack/environment.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Provider } from "../contract.ts";
import { type AutomationSettings, RACKSPACE_AUTOMATIONS } from "./automation.ts";
import { Cloud } from "./cloud.ts";
import type { AddressSettings } from "./marks.ts";
import type { NeutronNetwork } from "./neutron.ts";
import { novaProvider } from "./openstack.ts";
import type { OpenStackSettings } from "./options.ts";
import { readRackspaceAccount } from "./rackspace-account.ts";
import {
  type RackspaceOptions,
  rackspaceOptionsSchema,
  type RackspaceSettings,
} from "./rackspace-options.ts";

/**
 * The two networks that every account has, by fixed ids that no list shows: PublicNet and ServiceNet.
 * In a server's addresses they are called "public" and "private".
 */
const PUBLIC = { name: "public", id: "00000000-0000-0000-0000-000000000000" };
const PRIVATE = { name: "private", id: "11111111-1111-1111-1111-111111111111" };
/** By its documentation; nothing of ours comes near it but by mistake. */
const READS_PER_MINUTE = 1000;

const FIXED_NETWORKS: readonly NeutronNetwork[] = [PUBLIC, PRIVATE].map((network) => ({
  ...network,
  subnets: [],
  "router:external": false,
  // Security groups are not for these two.
  port_security_enabled: false,
}));

/**
 * Cloud Servers (version 2) of one Rackspace account: OpenStack's Nova and Glance with Rackspace's identity service,
 * networks and automation.
 *
 * The credentials are the variables of Rackspace's tools: `RS_USERNAME` and `RS_API_KEY`, or `RAX_*`, or `OS_*`. Servers
 * are found by their metadata. No security group is made: servers are open to both networks until the phase secure has
 * closed the doors. User-data comes on a config drive.
 *
 * It has been proved against a simulator of Rackspace's services, not against Rackspace.
 *
 * @param environment Where the variables are looked up. Default: what the config is loaded with.
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function rackspace(
  options: RackspaceOptions = {},
  environment: Environment = loadingEnvironment(),
): Provider {
  const own = parsePluginOptions("provider", "rackspace", rackspaceOptionsSchema, options);
  const settings = toSettings(own);
  return novaProvider(
    {
      name: "rackspace",
      // Nova's console log is not offered there: a console is a window in the browser.
      hasConsoleLog: false,
      hasSecurityGroups: false,
      hasFloatingIps: false,
      hasServerGroups: false,
      open: async () =>
        await Cloud.connect(
          settings,
          readRackspaceAccount({ region: own.region, authUrl: own.authUrl }, environment),
          FIXED_NETWORKS,
        ),
    },
    settings,
  );
}

function toSettings(
  own: RackspaceSettings,
): OpenStackSettings & AddressSettings & AutomationSettings & CallCounts {
  const { automation, authUrl: _authUrl, ...same } = own;
  const isOnPublic = own.networks.some((word) => [PUBLIC.id, PUBLIC.name].includes(word));
  return {
    ...same,
    readsPerMinute: READS_PER_MINUTE,
    cloud: undefined,
    floatingIps: false,
    ownSecurityGroup: false,
    securityGroups: [],
    availabilityZone: undefined,
    serverGroup: undefined,
    configDrive: true,
    hostIdentity: "injected",
    usesAccessAddress: own.accessNetwork === undefined,
    accessNetwork: own.accessNetwork ?? (isOnPublic ? "public" : undefined),
    privateNetwork: "private",
    automations: Object.values(RACKSPACE_AUTOMATIONS),
    awaits: automation,
  };
}
