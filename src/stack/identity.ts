import { readFile } from "node:fs/promises";

import { checkKeyFile, fileExists, isAmong, keysOf, type SaidKey } from "./check-key-file.ts";
import type { Draft } from "./draft.ts";
import type { ConfigPath, Problem, ReportProblem } from "./problem.ts";
import { formatPublicKey, isSameKey, parsePublicKey, type PublicKey } from "./public-key.ts";
import { looksLikeKeyPath, readKeyFile } from "./read-keys.ts";
import type { SshInput } from "./stack-input.ts";
import { type PathBase, resolveUserPath } from "./user-path.ts";

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
  const named = resolveUserPath(name, options.base);
  const isPublicHalf = named.endsWith(".pub");
  const withoutPub = (text: string): string =>
    isPublicHalf ? text.slice(0, -".pub".length) : text;
  const privateName = withoutPub(name);
  const file = withoutPub(named);
  let said: SaidKey | undefined;
  if (isPublicHalf) {
    const [key] = await readKeyFile(name, options.base, path, options.report);
    if (key === undefined) return undefined;
    if (!(await fileExists(file))) {
      if (isAmong(key, await options.agentKeys())) return { key, file: named };
      return report({
        message: `${name} is a public key whose private half is neither in ssh-agent nor beside it`,
        hint: "Load the key into ssh-agent (`ssh-add`), or name the private key file.",
      });
    }
    said = { key, by: name };
  } else if (options.ssh?.publicKey !== undefined) {
    const key = await readPublicKeyOption(options.ssh.publicKey, options);
    if (key === undefined) return undefined;
    said = { key, by: "ssh.publicKey" };
  } else if (await fileExists(`${file}.pub`)) {
    const [key] = await readKeyFile(`${name}.pub`, options.base, path, options.report);
    if (key === undefined) return undefined;
    said = { key, by: `${name}.pub` };
  }
  const checked = await checkKeyFile({ name: privateName, file, said }, options.agentKeys);
  return checked.ok
    ? { key: checked.key, file }
    : report({ message: checked.message, hint: checked.hint });
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

/** One of ssh's own key files that the operator has, or why those that look like it are of no use. */
async function findDefaultFile(
  options: IdentityOptions,
  wanted: readonly PublicKey[],
): Promise<{
  readonly found?: { readonly key: PublicKey; readonly file: string };
  readonly refusals: readonly { readonly message: string; readonly hint: string }[];
}> {
  const isWanted = (key: PublicKey | undefined): boolean =>
    key !== undefined && wanted.some((one) => isSameKey(one, key));
  const refusals: { readonly message: string; readonly hint: string }[] = [];
  for (const base of DEFAULT_KEY_FILES) {
    const name = `~/.ssh/${base}`;
    const file = resolveUserPath(name, options.base);
    if (!(await fileExists(file))) continue;
    const line = await readFile(`${file}.pub`, "utf8").catch(() => "");
    const parsed = parsePublicKey(line.trim());
    const said = parsed.ok ? { key: parsed.key, by: `${name}.pub` } : undefined;
    const checked = await checkKeyFile({ name, file, said }, options.agentKeys);
    if (checked.ok && isWanted(checked.key)) return { found: { key: checked.key, file }, refusals };
    if (!checked.ok && (isWanted(said?.key) || isWanted(checked.key))) refusals.push(checked);
  }
  return { refusals };
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
  const { found, refusals } = await findDefaultFile(options, wanted);
  if (found !== undefined) {
    return { identityFile: found.file, publicKey: formatPublicKey({ ...found.key, options: "" }) };
  }
  const agent = keysOf(await options.agentKeys());
  const key = agent.find((one) => wanted.some((other) => isSameKey(one, other)));
  if (key !== undefined) {
    return { identityFile: undefined, publicKey: formatPublicKey({ ...key, options: "" }) };
  }
  const [refusal] = refusals;
  options.report({
    path: chosen === undefined ? [...operator.path, "keys"] : ["ssh", "publicKey"],
    message: `the controller has no private key for ${
      chosen === undefined ? `any key of the operator ${operator.name}` : "this key"
    }: ssh-agent holds ${agent.length === 0 ? "none" : `${agent.length} other${agent.length === 1 ? "" : "s"}`}, and ${
      refusal === undefined ? "no file in ~/.ssh fits" : refusal.message
    }`,
    hint:
      refusal?.hint ??
      "Load the key into ssh-agent, or set ssh.identityFile to the private key file.",
    isAboutIdentity: true,
  });
  return undefined;
}
