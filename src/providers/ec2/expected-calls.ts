import type { ExpectedCalls, ExpectedWork } from "../contract.ts";
import type { Ec2Settings } from "./options.ts";

/** One list of the servers; for the security group its own, the VPCs and the subnets. */
const CALLS_OF_A_LOOK = 4;
/** Images twice, the types in pages of a hundred, the group with its rules, servers of the same names. */
const CALLS_BEFORE_CREATING = 18;
/** The first login is shut again when all servers are secured, after a last look at them. */
const CALLS_AT_THE_END = 3;
/** Lists while servers boot: the pauses between them grow, and all servers share them. Enough for about two minutes. */
const LOOKS_WHILE_BOOTING = 20;
/** Looks at the console output until the host keys stand there. */
const LOOKS_AT_CONSOLE = 8;

/** Counted at moto; test/lab/ec2-faults.lab.test.ts holds the figures to it. */
export function expectedCalls(settings: Ec2Settings, { creates }: ExpectedWork): ExpectedCalls {
  const { callsPerHour, elasticAddress, hostIdentity, keyPair, securityGroups } = settings;
  const limit = callsPerHour === undefined ? {} : { perHour: callsPerHour };
  if (creates === 0) return { calls: CALLS_OF_A_LOOK, ...limit };
  // The create; the injected key is noted while it is replaced, and once it is.
  const each = 1 + (hostIdentity === "injected" ? 2 : LOOKS_AT_CONSOLE);
  // The list, the new address, its association, a note of it; and a few looks more.
  const [eachElastic, looks] = elasticAddress ? [4, 5] : [0, 0];
  // The list of key pairs, and the import of the operator's.
  const pairs = keyPair === false ? 0 : keyPair === true ? 2 : 1;
  const shared = pairs + (securityGroups.length > 0 ? 1 : 0);
  const group = CALLS_BEFORE_CREATING + CALLS_AT_THE_END;
  const once = CALLS_OF_A_LOOK + group + LOOKS_WHILE_BOOTING + looks + shared;
  return { calls: once + creates * (each + eachElastic), ...limit };
}
