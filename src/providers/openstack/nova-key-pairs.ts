import { z } from "zod";

import type { Caller } from "../../cloud/caller.ts";
import type { OpenStackClient } from "./client.ts";

const keyPairSchema = z.object({ name: z.string(), public_key: z.string() });

export async function listKeyPairs(
  client: OpenStackClient,
  caller: Caller,
): Promise<readonly z.output<typeof keyPairSchema>[]> {
  const { keypairs } = await client.call(
    { service: "compute", method: "GET", path: "/os-keypairs", what: "list the key pairs" },
    z.object({ keypairs: z.array(z.object({ keypair: keyPairSchema })) }),
    caller,
  );
  return keypairs.map(({ keypair }) => keypair);
}

export async function createKeyPair(
  client: OpenStackClient,
  name: string,
  publicKey: string,
  caller: Caller,
): Promise<void> {
  await client.tell(
    {
      service: "compute",
      method: "POST",
      path: "/os-keypairs",
      body: { keypair: { name, public_key: publicKey } },
      what: `import the key pair ${name}`,
    },
    caller,
  );
}

export async function deleteKeyPair(
  client: OpenStackClient,
  name: string,
  caller: Caller,
): Promise<void> {
  await client.tellIfThere(
    {
      service: "compute",
      method: "DELETE",
      path: `/os-keypairs/${name}`,
      what: `delete the key pair ${name}`,
    },
    caller,
  );
}
