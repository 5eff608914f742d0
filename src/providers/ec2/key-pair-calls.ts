import type { Caller } from "../../cloud/caller.ts";
import type { Ec2Api } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { tagFilters, type Tags, toTagList } from "./tags.ts";

export interface Ec2KeyPair {
  readonly name: string;
}

/** Key pairs that bear all of these tags; without any: all of the region. */
export async function listKeyPairs(
  api: Ec2Api,
  tags: Tags,
  caller: Caller,
): Promise<readonly Ec2KeyPair[]> {
  const answer = await api.call(
    {
      action: "DescribeKeyPairs",
      what: "list the key pairs",
      command: (sdk) => new sdk.DescribeKeyPairsCommand({ Filters: tagFilters(tags) }),
    },
    caller,
  );
  return (answer.KeyPairs ?? []).map((pair) => ({ name: pair.KeyName ?? "" }));
}

/** @throws ProviderError PROVIDER_CONFLICT where there is one of this name. */
export async function importKeyPair(
  api: Ec2Api,
  wanted: { readonly name: string; readonly publicKey: string; readonly tags: Tags },
  caller: Caller,
): Promise<void> {
  await api.call(
    {
      action: "ImportKeyPair",
      what: `import the key pair ${wanted.name}`,
      command: (sdk) =>
        new sdk.ImportKeyPairCommand({
          KeyName: wanted.name,
          PublicKeyMaterial: Buffer.from(wanted.publicKey),
          TagSpecifications: [{ ResourceType: "key-pair", Tags: toTagList(wanted.tags) }],
        }),
      isRepeatable: false,
    },
    caller,
  );
}

export async function deleteKeyPair(
  api: Ec2Api,
  { name }: Ec2KeyPair,
  caller: Caller,
): Promise<void> {
  try {
    await api.call(
      {
        action: "DeleteKeyPair",
        what: `delete the key pair ${name}`,
        command: (sdk) => new sdk.DeleteKeyPairCommand({ KeyName: name }),
      },
      caller,
    );
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}
