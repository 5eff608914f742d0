import { readFile, stat } from "node:fs/promises";

import type { Draft } from "./draft.ts";
import { derivePublicKey } from "./private-key.ts";
import type { ConfigPath, Problem, ReportProblem } from "./problem.ts";
import {
  formatPublicKey,
  holdsPrivateKey,
  isSameKey,
  parsePublicKey,
  type PublicKey,
} from "./public-key.ts";
import { looksLikeKeyPath, readKeyFile } from "./read-keys.ts";
import type { SshInput } from "./stack-input.ts";
import { describeReadFailure, type PathBase, resolveUserPath } from "./user-path.ts";

/** The key that the controller logs in with. */
export interface ControllerIdentity {
  /** Absolute; undefined: the key is the agent's. */
  readonly identityFile: string | undefined;
  /** The public key line. */
  readonly publicKey: string;
}

export interface IdentityOptions {
  readonly ssh: Draft<SshInput> | undefined;
  readonly base: PathBase;
  /** The operator's name and keys; undefined where the config does not say who it is. */
  readonly operator:
    | { readonly name: string; readonly path: ConfigPath; readonly keys: readonly PublicKey[] }
    | undefined;
  /** Lines of the agent's public keys; none without an agent. */
  readonly agentKeys: () => Promise<readonly string[]>;
  readonly report: ReportProblem;
}

const DEFAULT_KEY_FILES = ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];

const fileExists = async (file: string): Promise<boolean> =>
  stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );

const keysOf = (lines: readonly string[]): readonly PublicKey[] =>
  lines.flatMap((line) => {
    const parsed = parsePublicKey(line);
    return parsed.ok ? [parsed.key] : [];
  });

/** The public half of `ssh.identityFile`, and the file that ssh is to be given. */
async function readIdentityFile(
  name: string,
  options: IdentityOptions,
): Promise<{ readonly key: PublicKey; readonly file: string } | undefined> {
  const path = ["ssh", "identityFile"];
  const report = (problem: Omit<Problem, "path">): undefined => {
    options.report({ path, isAboutIdentity: true, ...problem });
    return undefined;
  };
  const file = resolveUserPath(name, options.base);
  if (file.endsWith(".pub")) {
    const [key] = await readKeyFile(name, options.base, path, options.report);
    if (key === undefined) return undefined;
    const privateFile = file.slice(0, -".pub".length);
    if (await fileExists(privateFile)) return { key, file: privateFile };
    if (keysOf(await options.agentKeys()).some((one) => isSameKey(one, key))) return { key, file };
    return report({
      message: `${name} is a public key whose private half is neither in ssh-agent nor beside it`,
      hint: "Load the key into ssh-agent (`ssh-add`), or name the private key file.",
    });
  }
  let text: string;
  try {
    text = await readFile(file, "utf8");
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      return report({
        message: `${name} can be read by others, so ssh will not use it`,
        hint: `Run \`chmod 600 ${name}\`.`,
      });
    }
  } catch (thrown) {
    return report({
      message: `${name} ${describeReadFailure(thrown)}`,
      hint: `The path means ${file}. Name the controller's private key file, or leave it out to use ssh-agent.`,
    });
  }
  if (!holdsPrivateKey(text)) {
    return report({
      message: `${name} holds no private key`,
      hint: "Name the private key file, or the .pub file of a key in ssh-agent.",
    });
  }
  if (options.ssh?.publicKey !== undefined) {
    const key = await readPublicKeyOption(options.ssh.publicKey, options);
    return key === undefined ? undefined : { key, file };
  }
  if (await fileExists(`${file}.pub`)) {
    const [key] = await readKeyFile(`${name}.pub`, options.base, path, options.report);
    return key === undefined ? undefined : { key, file };
  }
  const derived = derivePublicKey(text);
  if (derived.ok) {
    const parsed = parsePublicKey(derived.line);
    return parsed.ok
      ? { key: parsed.key, file }
      : report({
          message: `${name} is a key that cannot be used: ${parsed.reason}`,
          hint: parsed.hint,
        });
  }
  return derived.reason === "locked"
    ? report({
        message: `${name} has a passphrase, and ${name}.pub, its public half, is missing`,
        hint: `Make it once with \`ssh-keygen -y -f ${name} > ${name}.pub\`.`,
      })
    : report({
        message: `the public half of ${name} cannot be read from it, and ${name}.pub is missing`,
        hint: "Check that it is a private key as ssh-keygen makes them.",
      });
}

async function readPublicKeyOption(
  text: string,
  options: IdentityOptions,
): Promise<PublicKey | undefined> {
  const path = ["ssh", "publicKey"];
  if (looksLikeKeyPath(text)) {
    const [key] = await readKeyFile(text, options.base, path, options.report);
    return key;
  }
  const parsed = parsePublicKey(text);
  if (parsed.ok) return parsed.key;
  options.report({ path, message: parsed.reason, hint: parsed.hint });
  return undefined;
}

/** One of ssh's own key files that the operator has. */
async function findDefaultFile(
  options: IdentityOptions,
  wanted: readonly PublicKey[],
): Promise<{ readonly key: PublicKey; readonly file: string } | undefined> {
  for (const name of DEFAULT_KEY_FILES) {
    const file = resolveUserPath(`~/.ssh/${name}`, options.base);
    const line = await readFile(`${file}.pub`, "utf8").catch(() => undefined);
    if (line === undefined || !(await fileExists(file))) continue;
    const parsed = parsePublicKey(line.trim());
    if (parsed.ok && wanted.some((key) => isSameKey(key, parsed.key)))
      return { key: parsed.key, file };
  }
  return undefined;
}

/**
 * Finds the key that the controller logs in with, and makes sure that the operator has it. Only files are
 * read, and the agent is asked.
 */
export async function findIdentity(
  options: IdentityOptions,
): Promise<ControllerIdentity | undefined> {
  const { ssh, operator } = options;
  if (ssh?.identityFile !== undefined) {
    const found = await readIdentityFile(ssh.identityFile, options);
    if (found === undefined) return undefined;
    if (operator !== undefined && !operator.keys.some((key) => isSameKey(key, found.key))) {
      options.report({
        path: [...operator.path, "keys"],
        message: `the operator ${operator.name} does not have the controller's key, the public half of ${ssh.identityFile}`,
        hint: `Add it to the keys of ${operator.name}, or the controller locks itself out.`,
        isAboutIdentity: true,
      });
      return undefined;
    }
    return { identityFile: found.file, publicKey: formatPublicKey({ ...found.key, options: "" }) };
  }
  if (operator === undefined) return undefined;
  const chosen =
    ssh?.publicKey === undefined ? undefined : await readPublicKeyOption(ssh.publicKey, options);
  if (ssh?.publicKey !== undefined && chosen === undefined) return undefined;
  if (chosen !== undefined && !operator.keys.some((key) => isSameKey(key, chosen))) {
    options.report({
      path: [...operator.path, "keys"],
      message: `the operator ${operator.name} does not have the key of ssh.publicKey`,
      hint: `Add it to the keys of ${operator.name}.`,
      isAboutIdentity: true,
    });
    return undefined;
  }
  const wanted = chosen === undefined ? operator.keys : [chosen];
  if (wanted.length === 0) return undefined;
  const file = await findDefaultFile(options, wanted);
  if (file !== undefined) {
    return { identityFile: file.file, publicKey: formatPublicKey({ ...file.key, options: "" }) };
  }
  const agent = keysOf(await options.agentKeys());
  const key = agent.find((one) => wanted.some((other) => isSameKey(one, other)));
  if (key !== undefined) {
    return { identityFile: undefined, publicKey: formatPublicKey({ ...key, options: "" }) };
  }
  options.report({
    path: chosen === undefined ? [...operator.path, "keys"] : ["ssh", "publicKey"],
    message: `the controller has no private key for ${
      chosen === undefined ? `any key of the operator ${operator.name}` : "this key"
    }: ssh-agent holds ${agent.length === 0 ? "none" : `${agent.length} other${agent.length === 1 ? "" : "s"}`}, and no file in ~/.ssh fits`,
    hint: "Load the key into ssh-agent, or set ssh.identityFile to the private key file.",
    isAboutIdentity: true,
  });
  return undefined;
}
