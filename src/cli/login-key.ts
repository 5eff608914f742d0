import { lstat, readFile, writeFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";

import { UserError } from "../errors/error.ts";
import { makeKeyPair } from "../host/key-pair.ts";
import { isLocked } from "../stack/private-key.ts";

/** The key that a new stack's operator logs in with. */
export interface LoginKey {
  /** As it stands in the config: relative to it, or beginning with "~/". */
  readonly identityFile: string;
  /** For people: what was done. */
  readonly note: string;
}

/** Where a stack's own key lies, beside the config: not in `.bootmachine/`, which may be thrown away. */
export const OWN_KEY = "operator-key";

/**
 * The key that was named; else a key in ~/.ssh that needs no passphrase; else a new pair of the stack's own.
 *
 * @throws UserError KEY_UNUSABLE where the named file is no private key with its public half beside it; FILE_EXISTS
 *   where something else than a pair has the name of the stack's own
 */
export async function findLoginKey(
  directory: string,
  home: string,
  named: string | undefined,
): Promise<LoginKey> {
  if (named !== undefined) {
    const file = resolve(directory, named.replace(/^~(?=\/)/, home));
    if (!(await isPair(file))) {
      throw new UserError(
        "KEY_UNUSABLE",
        `${named} is not a private key file with its public half (${named}.pub) beside it.`,
        {
          hint: "Name another one with --identity-file, or leave the flag out.",
        },
      );
    }
    return { identityFile: shown(directory, home, file), note: `logs in with the key ${named}` };
  }
  for (const name of ["id_ed25519", "id_ecdsa", "id_rsa"]) {
    const file = join(home, ".ssh", name);
    if ((await isPair(file)) && !isLocked(await readFile(file, "utf8"))) {
      return {
        identityFile: shown(directory, home, file),
        note: `logs in with your key ~/.ssh/${name}`,
      };
    }
  }
  const own = join(directory, OWN_KEY);
  if (await isPair(own))
    return { identityFile: OWN_KEY, note: `logs in with the key ${OWN_KEY}, which was there` };
  for (const name of [OWN_KEY, `${OWN_KEY}.pub`]) {
    if (!(await isThere(join(directory, name)))) continue;
    throw new UserError(
      "FILE_EXISTS",
      `There is a ${name} here already, and it and its other half are no key pair that can be read.`,
      {
        hint: `Make ${OWN_KEY} and ${OWN_KEY}.pub readable for you, or move them away, or name another key with --identity-file.`,
      },
    );
  }
  const pair = makeKeyPair("bootmachine");
  await writeFile(own, pair.privateKey, { mode: 0o600, flag: "wx" });
  await writeFile(`${own}.pub`, `${pair.publicKey}\n`, { mode: 0o644 });
  return {
    identityFile: OWN_KEY,
    note: `made a key pair, ${OWN_KEY}, since ~/.ssh has none that can be used without a passphrase; keep it: it is your way in`,
  };
}

const isThere = async (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );

async function isPair(file: string): Promise<boolean> {
  const [key, publicKey] = await Promise.all([
    readFile(file, "utf8").catch(() => ""),
    readFile(`${file}.pub`, "utf8").catch(() => ""),
  ]);
  return key.includes("PRIVATE KEY-----") && /^(?:ssh|ecdsa|sk)-\S+ \S+/.test(publicKey);
}

function shown(directory: string, home: string, file: string): string {
  const near = relative(directory, file);
  if (!near.startsWith("..") && !isAbsolute(near)) return near;
  return file.startsWith(`${home}/`) ? `~/${file.slice(home.length + 1)}` : file;
}
