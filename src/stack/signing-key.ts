import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { UserError } from "../errors/error.ts";

const ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/** A repository's key that is given as its text, not as a file's path. */
function isKeyText(key: string): boolean {
  return key.includes(ARMOUR);
}

interface KeyProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string;
}

/**
 * The key that a repository is signed with, given as its armoured text or as a file that holds it: the text, or what is wrong
 * with the option `repository.key`.
 *
 * @param directory from which a relative path counts, absolute
 * @param hint what may be given
 */
export async function readSigningKey(
  key: string,
  directory: string,
  hint: string,
): Promise<{ readonly text: string } | { readonly problem: KeyProblem }> {
  if (isKeyText(key)) return { text: key };
  const wrong = (message: string): { readonly problem: KeyProblem } => ({
    problem: { path: ["repository", "key"], message, hint },
  });
  const text = await readFile(resolve(directory, key), "utf8").catch(() => undefined);
  if (text === undefined)
    return wrong(
      `${JSON.stringify(key.slice(0, 80))} is neither a key nor a file that can be read`,
    );
  return isKeyText(text) ? { text } : wrong(`${key} holds no armoured OpenPGP public key`);
}

/** @throws UserError CONFIG_INVALID where it is still the path of a file. */
export function requireKeyText(key: string): void {
  if (isKeyText(key)) return;
  throw new UserError(
    "CONFIG_INVALID",
    "The repository's key is a file, and check() has not read it yet.",
  );
}
