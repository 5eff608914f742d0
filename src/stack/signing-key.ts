import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

const ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/** A repository's key that is given as its text, not as a file's path. */
export function isKeyText(key: string): boolean {
  return key.includes(ARMOUR);
}

/**
 * The key that a repository is signed with, given as its armoured text or as a file that holds it: the text, or what is wrong.
 *
 * @param directory from which a relative path counts, absolute
 */
export async function readSigningKey(
  key: string,
  directory: string,
): Promise<{ readonly text: string } | { readonly wrong: string }> {
  if (isKeyText(key)) return { text: key };
  const text = await readFile(resolve(directory, key), "utf8").catch(() => undefined);
  if (text === undefined) {
    return {
      wrong: `${JSON.stringify(key.slice(0, 80))} is neither a key nor a file that can be read`,
    };
  }
  return isKeyText(text) ? { text } : { wrong: `${key} holds no armoured OpenPGP public key` };
}
