import { appendFile, readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { homedir } from "node:os";
import { basename, join } from "node:path";

import { CancelledError, UserError } from "../../errors/error.ts";
import { SYSTEM_GROUPS, SYSTEM_USERS } from "../../stack/account-names.ts";
import { sizeWith } from "../../providers/local/sizes.ts";
import { count } from "../../report/duration.ts";
import { CONFIG_EXTENSIONS } from "../../stack/find-config.ts";
import { renderStarterConfig, type StarterServer } from "../../stack/starter-config.ts";
import { canAsk } from "../ask.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { OutputFlags } from "../flags.ts";
import { findLoginKey, OWN_KEY } from "../login-key.ts";
import { INIT_CONFIGURATORS, type InitConfigurator } from "../init-configurators.ts";
import { ownName } from "../own-name.ts";
import { printJson, printLines } from "../print.ts";
import {
  copyStarterKit,
  findStarterTool,
  refuseOwnFolder,
  type StarterTool,
} from "../starter-kit.ts";

export interface InitFlags extends OutputFlags {
  readonly name?: string;
  readonly provider?: "local" | "existing";
  readonly address?: readonly string[];
  readonly configurator?: InitConfigurator;
  readonly format: "ts" | "yaml";
  readonly identityFile?: string;
  readonly yes: boolean;
}

interface Answers {
  readonly name: string;
  readonly provider: "local" | "existing";
  readonly addresses: readonly string[];
  readonly configurator: InitConfigurator;
}

export async function init(context: CliContext, flags: InitFlags): Promise<ExitCode> {
  const directory = context.cwd;
  await refuseToOverwrite(directory);
  const answers =
    canAsk(context) && !flags.yes && !flags.json
      ? await askAll(context, flags)
      : defaults(context, flags);
  const tool = await findStarterTool(answers.configurator);
  if (tool !== undefined) await refuseOwnFolder(directory, tool);
  const key = await findLoginKey(directory, context.env["HOME"] ?? homedir(), flags.identityFile);
  const file = `bootmachine.config.${flags.format}`;
  const servers = serversOf(answers, tool);
  const master = tool?.wantsMaster === true ? servers[0]?.name : undefined;
  const text = renderStarterConfig({
    format: flags.format,
    name: answers.name,
    provider: answers.provider,
    servers,
    operator: operatorName(context),
    identityFile: key.identityFile,
    ...(tool === undefined ? {} : { configurator: tool }),
    ...(master === undefined ? {} : { master }),
  });
  await writeFile(join(directory, file), text, { flag: "wx" });
  const kit = tool === undefined ? [] : await copyStarterKit(directory, tool);
  const ignored = await ignoreOwnFiles(directory);
  if (flags.json) {
    printJson(context, {
      file,
      stack: answers.name,
      provider: answers.provider,
      configurator: answers.configurator,
      ...(master === undefined ? {} : { master }),
      servers: servers.map(({ name }) => name),
      kit,
      identityFile: key.identityFile,
    });
    return 0;
  }
  const program = ownName(context.env);
  printLines(context, [
    `Written: ${file}`,
    `  stack ${answers.name}, provider ${answers.provider}, ${servers.map(({ name }) => name).join(", ")}`,
    `  ${key.note}`,
    ...(answers.provider === "existing"
      ? [
          "  trusts the host keys that the servers show the first time (`identity` in the config); giving their keys is better",
        ]
      : []),
    ...(kit.length > 0
      ? [
          `  ${answers.configurator}: ${count(kit.length, "file")} in ./${answers.configurator}, yours to change`,
        ]
      : []),
    ...(ignored.length > 0 ? [`  .gitignore: ${ignored.join(", ")} added`] : []),
    "",
    `Next:  ${program} up        (${program} plan shows what it would do)`,
  ]);
  return 0;
}

async function refuseToOverwrite(directory: string): Promise<void> {
  for (const extension of CONFIG_EXTENSIONS) {
    const name = `bootmachine.config${extension}`;
    const isThere = await readFile(join(directory, name)).then(
      () => true,
      () => false,
    );
    if (isThere) {
      throw new UserError(
        "FILE_EXISTS",
        `There is a ${name} here already, and init never overwrites.`,
        {
          hint: "Change that file, or run init in another directory.",
        },
      );
    }
  }
}

function defaults(context: CliContext, flags: InitFlags): Answers {
  const provider = flags.provider ?? (flags.address === undefined ? "local" : "existing");
  const addresses = flags.address ?? [];
  if (provider === "existing" && addresses.length === 0) {
    throw new UserError("USAGE", "The provider existing needs the addresses of the servers.", {
      hint: "Such as `bootmachine init --provider existing --address web1=192.0.2.10 --address db1=192.0.2.11`.",
    });
  }
  if (provider === "local" && addresses.length > 0) {
    throw new UserError(
      "USAGE",
      "The provider local makes its servers itself; --address is for the provider existing.",
      {
        hint: "Leave out --provider, or name existing.",
      },
    );
  }
  return {
    name: flags.name ?? stackName(context.cwd),
    provider,
    addresses,
    configurator: flags.configurator ?? "none",
  };
}

async function askAll(context: CliContext, flags: InitFlags): Promise<Answers> {
  const { select, text, isCancel } = await import("@clack/prompts");
  const { signal } = context;
  const refused = (): never => {
    throw new CancelledError("Nothing was written.");
  };
  const name =
    flags.name ??
    (await text({ message: "Name of the stack", initialValue: stackName(context.cwd), signal }));
  if (isCancel(name)) return refused();
  const provider =
    flags.provider ??
    (flags.address === undefined
      ? await select<"local" | "existing">({
          message: "Where do the servers come from?",
          options: [
            {
              value: "local",
              label: "this computer",
              hint: "systemd-nspawn, needs Linux and root",
            },
            { value: "existing", label: "servers that I have", hint: "by address" },
          ],
          signal,
        })
      : "existing");
  if (isCancel(provider)) return refused();
  const configurator =
    flags.configurator ??
    (await select<InitConfigurator>({
      message: "Which configuration-management tool takes over?",
      options: INIT_CONFIGURATORS.map((value) => ({ value, ...TOOL_WORDS[value] })),
      signal,
    }));
  if (isCancel(configurator)) return refused();
  if (provider === "local" || flags.address !== undefined)
    return { name, provider, addresses: flags.address ?? [], configurator };
  const list = await text({
    message: "Addresses (NAME=ADDRESS, with blanks between)",
    placeholder: "web1=192.0.2.10 db1=192.0.2.11",
    signal,
  });
  if (isCancel(list)) return refused();
  const addresses = list.split(/[\s,]+/).filter((word) => word !== "");
  return addresses.length === 0 ? refused() : { name, provider, addresses, configurator };
}

/** What the question shows of each tool. */
const TOOL_WORDS: Readonly<
  Record<InitConfigurator, { readonly label: string; readonly hint: string }>
> = {
  none: { label: "none", hint: "booted, secured, proved; yours from there" },
  script: { label: "script", hint: "your own typed resources, by role; no tool at all" },
  ansible: { label: "Ansible", hint: "pushes over ssh from a control server" },
  salt: { label: "Salt", hint: "a master and minions" },
  puppet: { label: "Puppet or OpenVox", hint: "a server and agents" },
  chef: { label: "Chef or Cinc", hint: "each server applies by itself" },
};

/** The first one is the master, where the tool wants one. */
function serversOf(answers: Answers, tool: StarterTool | undefined): readonly StarterServer[] {
  if (answers.provider === "local") return localServers(tool);
  return answers.addresses.map((word, index) => {
    const [left = "", right] = word.split("=", 2);
    const address = right ?? left;
    if (isIP(address) === 0) {
      throw new UserError(
        "USAGE",
        `--address wants a number, IPv4 or IPv6; "${address}" is none.`,
        {
          hint: "Look the name up (`getent hosts NAME`), or write it into the config by hand, with `privateAddress` beside it.",
        },
      );
    }
    return right === undefined
      ? { name: `server${index + 1}`, roles: [], address: left }
      : { name: left, roles: [], address: right };
  });
}

function localServers(tool: StarterTool | undefined): readonly StarterServer[] {
  const sized = (memoryMb: number): { readonly size?: string } => {
    const size = sizeWith(memoryMb);
    return size === undefined ? {} : { size };
  };
  const web: StarterServer = {
    name: "web1",
    roles: ["web"],
    ...sized(tool?.minimumMemoryMb.agent ?? 0),
  };
  if (tool?.wantsMaster !== true) return [web];
  return [{ name: "master", roles: ["master"], ...sized(tool.minimumMemoryMb.master) }, web];
}

/** The directory's name as a stack's name. */
function stackName(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return name === "" ? "stack" : name;
}

/** The user's own name where a server can have it; the names of system accounts are nobody's. */
function operatorName(context: CliContext): string {
  const name = (context.env["SUDO_USER"] ?? context.env["USER"] ?? "").toLowerCase();
  const isFree =
    /^[a-z][a-z0-9_-]{0,31}$/.test(name) && !SYSTEM_USERS.has(name) && !SYSTEM_GROUPS.has(name);
  return isFree ? name : "admin";
}

/** Keeps what is not for others out of git. Returns the entries that were not there yet. */
async function ignoreOwnFiles(directory: string): Promise<readonly string[]> {
  const file = join(directory, ".gitignore");
  const text = await readFile(file, "utf8").catch(() => "");
  const present = new Set(
    text.split("\n").map((line) => line.trim().replace(/^\//, "").replace(/\/$/, "")),
  );
  const missing = [".bootmachine", OWN_KEY].filter((name) => !present.has(name));
  if (missing.length === 0) return [];
  const lines = missing.map((name) => `${name === OWN_KEY ? name : `${name}/`}\n`);
  await appendFile(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${lines.join("")}`);
  return missing;
}
