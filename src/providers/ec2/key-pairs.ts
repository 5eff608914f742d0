import { createHash } from "node:crypto";

import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import type { Caller } from "../../cloud/caller.ts";
import { sharedName } from "../../cloud/names.ts";
import { UserError } from "../../errors/error.ts";
import type { Cloud } from "./cloud.ts";
import { isRefusal } from "./failures.ts";
import { ownTags } from "./marks.ts";
import { deleteKeyPair, importKeyPair, listKeyPairs } from "./key-pair-calls.ts";
import type { Ec2Settings } from "./options.ts";

/** The key pair that new servers name: none, one of the user's, or ours with the operator's key. */
export async function ensureKeyPair(
  cloud: Cloud,
  settings: Ec2Settings,
  stack: string,
  [publicKey]: readonly string[],
  caller: Caller,
): Promise<string | undefined> {
  const { keyPair: wish } = settings;
  if (wish === false || publicKey === undefined) return undefined;
  if (wish !== true) return wish;
  if (!/^ssh-(ed25519|rsa) /.test(publicKey)) {
    throw new UserError(
      "CONFIG_INVALID",
      `EC2 imports no keys of the type ${publicKey.split(" ")[0]}, and keyPair asks for it.`,
      {
        hint: "Use an ed25519 or RSA key, or leave keyPair out: user-data brings keys of any type.",
      },
    );
  }
  // Another operator's key has another name: a name stands for one key.
  const name = `${sharedName(stack)}-${createHash("sha256").update(publicKey).digest("hex").slice(0, 8)}`;
  return await cloud.shared(name, async () => {
    const isThere = async (): Promise<boolean> =>
      (await listKeyPairs(cloud.api, ownTags(stack), caller)).some((pair) => pair.name === name);
    if (await isThere()) return name;
    const tags = { Name: name, ...settings.tags, ...ownTags(stack) };
    try {
      await importKeyPair(cloud.api, { name, publicKey, tags }, caller);
    } catch (thrown) {
      const mayBeThere =
        thrown instanceof AnswerLostError || isRefusal(thrown, /^InvalidKeyPair\.Duplicate$/);
      if (!mayBeThere || !(await isThere())) throw thrown;
    }
    return name;
  });
}

/** Removes the key pairs that were imported for a stack. */
export async function removeKeyPairs(cloud: Cloud, stack: string, caller: Caller): Promise<void> {
  for (const pair of await listKeyPairs(cloud.api, ownTags(stack), caller)) {
    await deleteKeyPair(cloud.api, pair, caller);
    cloud.forget(pair.name);
  }
}
