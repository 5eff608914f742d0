import type { ExpectedCalls, ExpectedWork } from "../contract.ts";
import type { OpenStackSettings } from "./options.ts";

/** The login, the version, one list of the servers, one of the security groups. */
const CALLS_OF_A_LOOK = 4;
/** Images, flavors, networks, a security group and its rules, and another look at it. */
const CALLS_BEFORE_CREATING = 7;
/** The first login is shut again, for IPv4 and IPv6, when all servers are secured, after a last look at them. */
const CALLS_AT_THE_END = 4;
/** Lists while servers boot: the pauses between them grow, and all servers share them. Enough for about two minutes. */
const LOOKS_WHILE_BOOTING = 20;
/** Looks at a console log until the host keys stand there. */
const LOOKS_AT_CONSOLE = 6;
/** The group, its rules, and the first login that is shut again, for IPv4 and IPv6. */
const WRITES_FOR_THE_GROUP = 4;
/** A list, and the creation; for a server group another list. */
const CALLS_FOR_A_SHARED_THING = 2;

/** Counted at a simulated cloud; test/unit/providers/openstack/openstack.test.ts holds the figures to it. */
export function expectedCalls(
  settings: OpenStackSettings,
  { creates }: ExpectedWork,
): ExpectedCalls {
  const { callsPerHour, floatingIps, hostIdentity, keyPair, serverGroup } = settings;
  const { availabilityZone, securityGroups, ownSecurityGroup, writesPerMinute } = settings;
  const limit = callsPerHour === undefined ? {} : { perHour: callsPerHour };
  if (creates === 0) return { calls: CALLS_OF_A_LOOK, ...limit };
  // The create; the injected key is noted while it is replaced, and once it is.
  const each = 1 + (hostIdentity === "injected" ? 2 : LOOKS_AT_CONSOLE);
  // Its port, its addresses, the new address; and a few looks more.
  const [eachFloating, looks] = floatingIps === false ? [0, 0] : [3, 5];
  const shared =
    (keyPair === true ? CALLS_FOR_A_SHARED_THING : 0) +
    (serverGroup === undefined ? 0 : CALLS_FOR_A_SHARED_THING + 1);
  // What is named has to be there.
  const named = [
    availabilityZone !== undefined,
    typeof keyPair === "string",
    securityGroups.length > 0,
  ];
  const group = CALLS_BEFORE_CREATING + CALLS_AT_THE_END;
  const once =
    CALLS_OF_A_LOOK + group + LOOKS_WHILE_BOOTING + looks + shared + named.filter(Boolean).length;
  const writesOnce =
    (ownSecurityGroup ? WRITES_FOR_THE_GROUP : 0) +
    [keyPair === true, serverGroup !== undefined].filter(Boolean).length;
  // Reading a console log is sent as an action, and counts as one.
  const writesEach = each + (floatingIps === false ? 0 : 1);
  return {
    calls: once + creates * (each + eachFloating),
    ...limit,
    ...(writesPerMinute === undefined
      ? {}
      : { writes: { calls: writesOnce + creates * writesEach, perMinute: writesPerMinute } }),
  };
}
