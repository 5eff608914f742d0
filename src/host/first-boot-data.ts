import { stringify } from "yaml";

import type { KeyPair } from "./key-pair.ts";

/** Where a machine keeps the nonce of the user-data that it ran. */
export const NONCE_PATH = "/var/lib/bootmachine/first-boot";

export interface FirstBoot {
  /** Who may log in the first time, as authorized_keys lines; for the image's own user. */
  readonly bootstrapKeys: readonly string[];
  /** Absent: the machine makes its own. */
  readonly hostKey: KeyPair | undefined;
  /** Written on the machine: proves that this very text was carried out there. */
  readonly nonce: string;
}

/**
 * The user-data of a new machine, for cloud-init: who may log in, the host key, a nonce; all else is done over ssh.
 *
 * Every process of the machine can read it at the metadata service, so the private key in it is good for the first
 * connection and for no more, and no other secret belongs here.
 */
export function firstBootData({ bootstrapKeys, hostKey, nonce }: FirstBoot): string {
  const config = {
    ssh_authorized_keys: bootstrapKeys,
    ...(hostKey === undefined
      ? {}
      : {
          // The keys that the image was built with, or that another boot made, are removed.
          ssh_deletekeys: true,
          ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
        }),
    write_files: [{ path: NONCE_PATH, content: `${nonce}\n`, permissions: "0644" }],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}
