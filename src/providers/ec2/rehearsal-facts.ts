import { distroInName } from "../../stack/wishes.ts";
import type { Provider, RehearsalFacts } from "../contract.ts";
import type { Ec2Settings, ImageChoice } from "./options.ts";
import { sizeWishes } from "./size-wishes.ts";

type Request = Parameters<Provider["check"]>[0];

/** What the options tell of a server, and which of them mean nothing outside of EC2. */
export function rehearsalFacts(settings: Ec2Settings, request: Request): RehearsalFacts {
  const image = request.image ?? settings.image;
  const distro = image === undefined ? undefined : distroIn(image);
  const [size] = sizeWishes(request.size ?? settings.size);
  return {
    ...(distro === undefined ? {} : { distro }),
    ...(typeof size === "object" ? { needs: size } : {}),
    notRehearsed: [
      ...(typeof size === "string" ? [`the size ${size}`] : []),
      ...(settings.vpc === undefined && settings.subnets === undefined ? [] : ["the subnets"]),
      ...(settings.zones === undefined ? [] : ["the zones"]),
      ...(settings.elasticAddress ? ["elastic addresses"] : []),
      ...(settings.ownSecurityGroup || settings.securityGroups.length > 0
        ? ["security groups"]
        : []),
      ...(settings.keyPair === false ? [] : ["the key pair"]),
      ...(settings.spot === false ? [] : ["spare capacity"]),
      ...(settings.rootVolume.encrypted ? ["encrypted volumes"] : []),
    ],
  };
}

function distroIn(image: ImageChoice): string | undefined {
  if (typeof image === "string") return inName(image);
  if ("distro" in image) return image.distro;
  return inName("ssm" in image ? image.ssm : image.name);
}

/** `/aws/service/debian/release/12/latest/amd64`, `/aws/service/canonical/ubuntu/server/24.04/…`, or a name. */
function inName(text: string): string | undefined {
  const match = /\/(debian|ubuntu)\/(?:release|server)\/(\d+(?:\.\d+)?)\//.exec(text);
  return match === null ? distroInName(text) : `${match[1]}-${match[2]}`;
}
