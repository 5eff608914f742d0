import { createHash } from "node:crypto";
import type { HostFacts } from "../../host/facts.ts";
import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { DirectoryResource, FileResource, SymlinkResource } from "../resource.ts";

/** Everything about a file that the shell's p_file_check and p_file_mend want to know. */
export interface WantedFile {
  readonly path: string;
  readonly content: string;
  /** Octal text. */
  readonly mode: string;
  readonly owner: string;
  /** Undefined: the owner's own group when it is made, any group when it is checked. */
  readonly group: string | undefined;
  readonly validate?: string | undefined;
  readonly isSecret?: boolean;
}

/** What tells where things are, and whose. */
export interface FileSystem {
  readonly facts: HostFacts;
}

export interface FileCommands {
  readonly check: string;
  readonly mend: string;
}

/** The two commands that keep a file; other resources that are made of a file use them as well. */
export function fileCommands(file: WantedFile, context: CompileContext): FileCommands {
  const text = context.text(file.content);
  const attributes = [
    quote(file.path),
    shortMode(file.mode),
    quote(file.owner),
    file.group === undefined ? "''" : quote(file.group),
  ].join(" ");
  const secret = file.isSecret === true ? "secret" : "''";
  const sha256 = createHash("sha256").update(file.content).digest("hex");
  const validate = file.validate === undefined ? "''" : quote(file.validate);
  return {
    check: `p_file_check ${attributes} ${sha256} ${text} ${secret}`,
    mend: `p_file_mend ${attributes} ${text} ${validate} ${secret}`,
  };
}

/** What a file resource asks for, with its defaults filled in. */
export function wantedFile(resource: FileResource, system: FileSystem): WantedFile {
  const isSecret = resource.secret === true;
  return {
    path: resource.path,
    content: resource.content ?? "",
    mode: resource.mode ?? (isSecret ? "0600" : "0644"),
    ...ownership(resource, system),
    validate: resource.validate,
    isSecret,
  };
}

export function compileFile(resource: FileResource, context: CompileContext): CompiledResource {
  if (resource.state === "absent") return absent(resource.path, "file");
  const { check, mend } = fileCommands(wantedFile(resource, context), context);
  return { check: [check], mend: [mend], path: resource.path };
}

/** What a directory resource asks for, with its defaults filled in. */
export function wantedDirectory(
  resource: DirectoryResource,
  system: FileSystem,
): {
  readonly path: string;
  /** Octal text. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string | undefined;
} {
  return {
    path: resource.path,
    mode: resource.mode ?? "0755",
    ...ownership(resource, system),
  };
}

export function compileDirectory(
  resource: DirectoryResource,
  context: CompileContext,
): CompiledResource {
  if (resource.state === "absent") return absent(resource.path, "directory");
  const { path, mode, owner, group } = wantedDirectory(resource, context);
  const words = [
    quote(path),
    shortMode(mode),
    quote(owner),
    group === undefined ? "''" : quote(group),
  ].join(" ");
  return {
    check: [`p_directory_check ${words}`],
    mend: [`p_directory_mend ${words}`],
    path: resource.path,
  };
}

export function compileSymlink(resource: SymlinkResource): CompiledResource {
  if (resource.state === "absent") return absent(resource.path, "symlink");
  const words = `${quote(resource.path)} ${quote(resource.target)}`;
  return {
    check: [`p_symlink_check ${words}`],
    mend: [`p_symlink_mend ${words}`],
    path: resource.path,
  };
}

function absent(path: string, kind: "file" | "directory" | "symlink"): CompiledResource {
  const words = `${quote(path)} ${kind}`;
  return { check: [`p_absent_check ${words}`], mend: [`p_absent_mend ${words}`], path };
}

/** Root's things belong to the group of id 0; a user's get that user's own group unless another is named. */
function ownership(
  resource: { readonly owner?: string; readonly group?: string },
  system: FileSystem,
): { readonly owner: string; readonly group: string | undefined } {
  const owner = resource.owner ?? "root";
  return { owner, group: resource.group ?? (owner === "root" ? rootGroup(system) : undefined) };
}

export function rootGroup({ facts }: FileSystem): string {
  return facts.kernelName === "Linux" ? "root" : "wheel";
}

/** As `stat` prints it: without leading zeros. */
function shortMode(mode: string): string {
  return mode.replace(/^0+(?=.)/, "");
}
