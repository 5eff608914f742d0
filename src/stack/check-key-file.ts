import { readFile, stat } from "node:fs/promises";

import { derivePublicKey, isLocked } from "./private-key.ts";
import { holdsPrivateKey, isSameKey, parsePublicKey, type PublicKey } from "./public-key.ts";
import { describeReadFailure } from "./user-path.ts";

/** What somebody says is the public half of a private key file. */
export interface SaidKey {
  readonly key: PublicKey;
  /** Who says so: the name of a .pub file, or "ssh.publicKey". */
  readonly by: string;
}

/** A private key file that ssh can log in with, or why it cannot. */
export type CheckedKeyFile =
  | { readonly ok: true; readonly key: PublicKey }
  | {
      readonly ok: false;
      /** The public half, where the file tells it. */
      readonly key: PublicKey | undefined;
      readonly message: string;
      readonly hint: string;
    };

export const fileExists = async (file: string): Promise<boolean> =>
  stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );

/** The keys of lines that ssh-agent gave; others than keys are left out. */
export const keysOf = (lines: readonly string[]): readonly PublicKey[] =>
  lines.flatMap((line) => {
    const parsed = parsePublicKey(line);
    return parsed.ok ? [parsed.key] : [];
  });

export const isAmong = (key: PublicKey, lines: readonly string[]): boolean =>
  keysOf(lines).some((one) => isSameKey(one, key));

/**
 * Finds out before any server is touched whether ssh can log in with a private key file, and with which key: ssh runs
 * without a terminal, so that it never asks for a passphrase. The agent is asked only where there is one.
 */
export async function checkKeyFile(
  asked: { readonly name: string; readonly file: string; readonly said: SaidKey | undefined },
  agentKeys: () => Promise<readonly string[]>,
): Promise<CheckedKeyFile> {
  const { name, file, said } = asked;
  let derivedKey: PublicKey | undefined;
  const refuse = (message: string, hint: string): CheckedKeyFile => ({
    ok: false,
    key: derivedKey,
    message,
    hint,
  });
  let text: string;
  let mode: number;
  try {
    text = await readFile(file, "utf8");
    ({ mode } = await stat(file));
  } catch (thrown) {
    return refuse(
      `${name} ${describeReadFailure(thrown)}`,
      `The path means ${file}. Name the controller's private key file, or leave it out to use ssh-agent.`,
    );
  }
  if ((mode & 0o077) !== 0) {
    return refuse(
      `${name} can be read by others, so ssh will not use it`,
      `Run \`chmod 600 ${name}\`.`,
    );
  }
  if (!holdsPrivateKey(text)) {
    return refuse(
      `${name} holds no private key`,
      "Name the private key file, or the .pub file of a key in ssh-agent.",
    );
  }
  const derived = derivePublicKey(text);
  if (derived.ok) {
    const parsed = parsePublicKey(derived.line);
    if (!parsed.ok)
      return refuse(`${name} is a key that cannot be used: ${parsed.reason}`, parsed.hint);
    derivedKey = parsed.key;
    if (said !== undefined && !isSameKey(said.key, derivedKey)) {
      return refuse(
        `${name} and ${said.by} are not halves of one key pair`,
        said.by.endsWith(".pub")
          ? `Name the file that is meant; or, if it is ${name}, make its public half anew with \`ssh-keygen -y -f ${name} > ${name}.pub\`.`
          : `Leave ssh.publicKey out: the public half is read from ${name}.`,
      );
    }
  } else if (derived.reason === "locked" && !(await fileExists(`${file}.pub`))) {
    // ssh itself knows only from the .pub file which of the agent's keys such a file is.
    return refuse(
      `${name} has a passphrase, and ${name}.pub, its public half, is missing`,
      `Make it once with \`ssh-keygen -y -f ${name} > ${name}.pub\`.`,
    );
  }
  const key = said?.key ?? derivedKey;
  if (key === undefined) {
    return refuse(
      `the public half of ${name} cannot be read from it, and ${name}.pub is missing`,
      "Check that it is a private key as ssh-keygen makes them.",
    );
  }
  if (isLocked(text) && !isAmong(key, await agentKeys())) {
    return refuse(
      `${name} has a passphrase, and ssh-agent does not hold the key`,
      `Load it once with \`ssh-add ${name}\` (\`eval "$(ssh-agent)"\` starts an agent where none runs), or use a key without a passphrase: ssh is run without a terminal, and asks nobody.`,
    );
  }
  return { ok: true, key };
}
