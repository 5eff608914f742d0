import type { MachineRecord } from "./machine-store.ts";

/** What cloud-init itself needs in an image; servers are given their network from outside. */
export const CLOUD_INIT_PACKAGES: readonly string[] = ["cloud-init"];

export interface SeedFile {
  /** Below the root of the server's disk, without the first slash. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** Sorts after the distro's own files and before what others call 99. */
const SETTINGS = `# Written by bootmachine for a local server. The network is made from outside, and the host key that is there is
# the one that was published.
datasource_list: [NoCloud]
network: {config: disabled}
ssh_deletekeys: false
disable_root: false
`;

/**
 * The files by which cloud-init finds the user data of a local server: a NoCloud seed on its own disk.
 * Source: cloud-init's documentation of the NoCloud data source ("Source 3: local filesystem").
 */
export function cloudInitSeed(
  record: Pick<MachineRecord, "server" | "uuid">,
  userData: string,
): readonly SeedFile[] {
  const seed = "var/lib/cloud/seed/nocloud";
  const metaData = { "instance-id": record.uuid, "local-hostname": record.server };
  return [
    { path: "etc/cloud/cloud.cfg.d/95-bootmachine-local.cfg", content: SETTINGS, mode: 0o644 },
    // JSON is YAML as well, and quotes by itself.
    { path: `${seed}/meta-data`, content: `${JSON.stringify(metaData)}\n`, mode: 0o600 },
    // May hold secrets.
    { path: `${seed}/user-data`, content: userData, mode: 0o600 },
  ];
}
