import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../errors/error.ts";
import type { Environment } from "../../stack/environment.ts";
import { suggestWord } from "../../stack/suggest.ts";

/** The two files that the AWS tools share: `~/.aws/config` and `~/.aws/credentials`, or what names others. */
export interface ProfileFiles {
  readonly config: string;
  readonly credentials: string;
}

/** What a profile says, as far as it tells where its credentials come from. It may hold secrets: never show it. */
export interface AwsProfile {
  /** Keys, a program, SSO, a role: without any of these the rest of the SDK's chain is meant. */
  readonly hasSource: boolean;
  /** The command that tells the credentials. */
  readonly program: string | undefined;
}

const SOURCES = [
  "aws_access_key_id",
  "credential_process",
  "login_session",
  "role_arn",
  "sso_account_id",
  "sso_session",
  "web_identity_token_file",
];

/** https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html */
export function profileFiles(env: Environment): ProfileFiles {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const home = given("HOME") ?? given("USERPROFILE") ?? homedir();
  const place = (path: string): string =>
    path.startsWith("~/") ? join(home, path.slice(2)) : path;
  return {
    config: place(given("AWS_CONFIG_FILE") ?? "~/.aws/config"),
    credentials: place(given("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials"),
  };
}

/**
 * A profile that is named. The SDK itself goes on without one that is not there, to the role of the computer, and so to
 * another account than was meant.
 *
 * @throws UserError CONFIG_INVALID with near names where neither file has it; CONFIG_UNREADABLE
 */
export async function readProfile(name: string, files: ProfileFiles): Promise<AwsProfile> {
  const [config, credentials] = await Promise.all([
    readSections(files.config),
    readSections(files.credentials),
  ]);
  const profiles = new Map<string, Readonly<Record<string, string>>>();
  for (const [title, values] of config) {
    // The section is called [profile NAME], but for the one called default.
    const [, quoted = title] = /^profile\s+["']?(.+?)["']?$/.exec(title) ?? [];
    if (quoted !== title || title === "default") profiles.set(quoted, values);
  }
  for (const [title, values] of credentials)
    profiles.set(title, { ...profiles.get(title), ...values });
  const found = profiles.get(name);
  if (found === undefined) throw profileUnknown(name, [...profiles.keys()], files);
  return {
    hasSource: SOURCES.some((key) => found[key] !== undefined),
    program: found["credential_process"],
  };
}

type Sections = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html; what is indented belongs to the line before. */
async function readSections(path: string): Promise<Sections> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> = {};
  for (const whole of (await readText(path)).split(/\r?\n/)) {
    const line = whole.replace(/(^|\s)[#;].*$/, "");
    const title = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1];
    if (title === undefined) {
      const [, key, value] = /^([^\s=]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined && value !== "") section[key] = value;
    } else {
      section = sections.get(title) ?? {};
      sections.set(title, section);
    }
  }
  return sections;
}

/** Empty where there is no such file: one of the two is enough. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw new UserError("CONFIG_UNREADABLE", `${path} cannot be read: ${code ?? "unknown"}.`, {
      cause: thrown,
      hint: "The profile that is named is looked for there: check its permissions.",
    });
  }
}

function profileUnknown(
  name: string,
  known: readonly string[],
  { config, credentials }: ProfileFiles,
): UserError {
  return new UserError(
    "CONFIG_INVALID",
    `There is no profile "${name}" in ${config}, nor in ${credentials}.`,
    {
      hint: `ec2({ profile }) or AWS_PROFILE names it. ${suggestWord(name, known, "profiles")}`,
    },
  );
}
