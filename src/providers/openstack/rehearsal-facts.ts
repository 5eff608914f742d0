import { distroInName } from "../../stack/wishes.ts";
import type { Provider, RehearsalFacts } from "../contract.ts";
import type { ImageChoice, OpenStackSettings } from "./options.ts";

type Request = Parameters<Provider["check"]>[0];

/** What the options tell of a server, and which of them mean nothing outside a cloud. */
export function rehearsalFacts(settings: OpenStackSettings, request: Request): RehearsalFacts {
  const image = request.image ?? settings.image;
  const size = request.size ?? settings.size;
  const distro = image === undefined ? undefined : distroIn(image);
  return {
    ...(distro === undefined ? {} : { distro }),
    ...(typeof size === "object" ? { needs: size } : {}),
    notRehearsed: [
      ...(typeof size === "string" ? [`the size ${size}`] : []),
      ...(settings.networks === undefined
        ? []
        : [`the networks ${settings.networks.join(" and ")}`]),
      ...(settings.floatingIps === false ? [] : ["floating addresses"]),
      ...(settings.ownSecurityGroup || settings.securityGroups.length > 0
        ? ["security groups"]
        : []),
      ...(settings.keyPair === false ? [] : ["the key pair"]),
      ...(settings.availabilityZone === undefined ? [] : ["the availability zone"]),
      ...(settings.serverGroup === undefined ? [] : ["the server group"]),
      ...(settings.bootVolume === undefined ? [] : ["boot volumes"]),
      ...(settings.configDrive ? ["the config drive"] : []),
    ],
  };
}

function distroIn(image: ImageChoice): string | undefined {
  if (typeof image === "string") return distroInName(image);
  return "distro" in image ? image.distro : distroInName(image.newest);
}
