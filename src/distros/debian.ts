import type { HostFacts } from "../host/facts.ts";
import type { FirewallResource, Resource } from "../program/resource.ts";
import type { Distro } from "./contract.ts";
import { firstBootResources } from "./debian/first-boot.ts";
import { firewalldResources, ufwResources } from "./debian/managed-firewalls.ts";
import { nftablesResources } from "./debian/nftables.ts";
import { SSH_DROP_IN } from "./debian/openssh-files.ts";
import { sshServerResources } from "./debian/openssh.ts";
import { debianOperations } from "./debian/operations.ts";
import { repositoryResources } from "./debian/repository.ts";
import {
  automaticUpgradesResources,
  packageListsResources,
  timeSynchronisationResources,
  unwantedServicesResources,
} from "./debian/upkeep.ts";

/** The firewall that is active is used; where none is, a table of our own. */
function firewallResources(resource: FirewallResource, facts: HostFacts): readonly Resource[] {
  const id = resource.id ?? "firewall";
  if (facts.activeFirewalls.includes("firewalld")) return firewalldResources(resource, id);
  if (facts.activeFirewalls.includes("ufw")) return ufwResources(resource, id);
  return nftablesResources(resource, id);
}

/** Debian 11, 12 and 13, known by `ID=debian` in /etc/os-release. */
export function debian(): Distro {
  return {
    kind: "distro",
    apiVersion: 1,
    name: "debian",
    releases: ["11", "12", "13"],
    matches: (facts) => facts.osId === "debian",
    operations: debianOperations,
    baseline: {
      // ca-certificates: repositories over https; procps: sysctl; iproute2: ss, which tells who holds a port.
      basePackages: ["sudo", "ca-certificates", "nftables", "iproute2", "procps", "openssh-server"],
      firstBoot: firstBootResources,
      packageLists: packageListsResources,
      timeSynchronisation: timeSynchronisationResources,
      automaticUpgrades: (policy) => automaticUpgradesResources(policy),
      unwantedServices: () => unwantedServicesResources(),
      adminGroup: "sudo",
      sshDropIn: SSH_DROP_IN,
      sshService: "ssh",
      setsSshAlgorithms: true,
    },
    repository: repositoryResources,
    sshServer: sshServerResources,
    firewall: firewallResources,
  };
}
