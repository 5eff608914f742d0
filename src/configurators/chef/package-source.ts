import type { ConfiguratorContext } from "../contract.ts";
import type { ChefSettings, PackageSource } from "./options.ts";
import type { WantedPackage } from "./product.ts";

/** Where a host's package comes from; `impossible`: why there is none. */
export type PackageOrigin =
  | { readonly from: "given"; readonly source: PackageSource }
  | { readonly from: "service"; readonly question: string }
  | { readonly impossible: string };

const CINC_SERVICE = "https://omnitruck.cinc.sh";

/** What the download service answered: where the package is, and its checksum. */
export interface ServiceAnswer {
  readonly url: string;
  readonly sha256: string;
}

/**
 * The package for a host. The service is asked as its own install script asks: lines of a name, a tab and a value.
 *
 * Source: chef/omnitruck, README (2026-08); `p` and `pv` are os-release's ID and VERSION_ID, with the major alone for Debian.
 */
export function packageOrigin(
  settings: ChefSettings,
  wanted: WantedPackage,
  { member }: ConfiguratorContext,
): PackageOrigin {
  const { osId, osVersion, osPrettyName, architecture } = member.facts;
  const platform = `${osId}-${osVersion}`;
  const source = wanted.given[`${platform}-${architecture}`] ?? wanted.given[platform];
  if (source !== undefined) return { from: "given", source };
  const service =
    settings.downloadService ?? (settings.product === "cinc" ? CINC_SERVICE : undefined);
  if (service === undefined) {
    return { impossible: `\`packages\` has none for ${platform}, and there is no downloadService` };
  }
  if (osId !== "debian" && osId !== "ubuntu") {
    return {
      impossible: `packages for ${osPrettyName} are not known to bootmachine: give one in \`packages\` as "${platform}"`,
    };
  }
  const version = osId === "debian" ? osVersion.split(".")[0] : osVersion;
  const parameters = new URLSearchParams({
    p: osId,
    pv: version ?? "",
    m: architecture,
    v: wanted.version,
  });
  const path = `${settings.channel}/${wanted.product}/metadata`;
  return {
    from: "service",
    question: `${service.replace(/\/+$/, "")}/${path}?${parameters.toString()}`,
  };
}

/** Reads the service's answer; undefined where it names no package. */
export function readServiceAnswer(text: string): ServiceAnswer | undefined {
  const fields = new Map(
    text.split("\n").map((line): [string, string] => {
      const [name = "", value = ""] = line.split("\t");
      return [name.trim(), value.trim()];
    }),
  );
  const url = fields.get("url") ?? "";
  const sha256 = (fields.get("sha256") ?? "").toLowerCase();
  return /^https?:\/\/\S+$/.test(url) && /^[0-9a-f]{64}$/.test(sha256)
    ? { url, sha256 }
    : undefined;
}
