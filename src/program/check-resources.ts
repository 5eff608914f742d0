import { InternalError } from "../errors/error.ts";
import type { Resource } from "./resource.ts";
import { resourceId } from "./resource-id.ts";

const MODE = /^[0-7]{3,4}$/;
const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/;
/** NUL would end a shell word; a line break in a name would end a line of the report, or of a system file. */
const CONTROL = /[\u0000-\u001F\u007F]/;
const PACKAGE = /^[A-Za-z0-9][A-Za-z0-9+._:@~/-]*$/;
const SERVICE = /^[A-Za-z0-9@_][A-Za-z0-9@._:\\-]*$/;
const SYSCTL_KEY = /^[A-Za-z0-9_][A-Za-z0-9_./:-]*$/;
const READ_NAME = /^bm_[a-z_]+$/;
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Finds resources that cannot be compiled, or that contradict each other. Each is a mistake in a plug-in: a stack's
 * rules were checked before.
 *
 * @throws InternalError that names the resource's id and what is wrong with it.
 */
export function checkResources(resources: readonly Resource[]): void {
  const ids = new Set<string>();
  const owners = new Map<string, { readonly id: string; readonly wanted: string }>();
  const reads = new Map<string, { readonly id: string; readonly text: string }>();
  for (const resource of resources) {
    const id = resourceId(resource);
    for (const problem of resourceProblems(resource)) {
      throw new InternalError(`Resource "${printable(id)}": ${problem}.`);
    }
    if (ids.has(id)) throw new InternalError(`Two resources have the id "${id}".`);
    ids.add(id);
    for (const [name, text] of readsOf(resource)) {
      const other = reads.get(name);
      if (other !== undefined && other.text !== text) {
        throw new InternalError(
          `Resources "${other.id}" and "${id}" read different things as ${name}.`,
        );
      }
      reads.set(name, { id, text });
    }
    const place = placeOf(resource);
    // One that counts only under a condition may stand beside its opposite.
    if (place === undefined || resource.onlyIf !== undefined) continue;
    // The same resource twice is harmless: a survey puts several lists together.
    const wanted = JSON.stringify({ ...resource, id: "" });
    const other = owners.get(place);
    if (other !== undefined && other.wanted !== wanted) {
      throw new InternalError(
        `Resources "${other.id}" and "${id}" want different things of ${place}.`,
      );
    }
    owners.set(place, { id, wanted });
  }
}

function readsOf(resource: Resource): readonly (readonly [string, string])[] {
  return resource.type === "command" ? Object.entries(resource.reads ?? {}) : [];
}

/** What a resource rules whole, so that two of them would undo each other's work for ever. */
function placeOf(resource: Resource): string | undefined {
  switch (resource.type) {
    case "file":
    case "symlink":
      return resource.path;
    case "authorized-keys":
      return `the keys of ${resource.user}`;
    case "user":
    case "group":
    case "sudo-rule":
    case "sysctl":
      return `${resource.type} ${resource.name}`;
    case "hostname":
    case "locale":
    case "timezone":
    case "hosts-entries":
      return `the ${resource.type}`;
    case "package":
    case "upgrade":
    case "repository":
    case "block":
    case "directory":
    case "service":
    case "ssh-server":
    case "firewall":
    case "command":
      return undefined;
  }
}

/** What is wrong with one resource by itself, as the end of a sentence about it. */
export function* resourceProblems(resource: Resource): Generator<string> {
  const id = resourceId(resource);
  if (id === "" || CONTROL.test(id)) yield "its id is empty or has a control character";
  if (!isPlainText(resource)) yield* badTexts(resource, "");
  if (resource.skipReason !== undefined && CONTROL.test(resource.skipReason)) {
    yield "skipReason has a control character";
  }
  switch (resource.type) {
    case "file":
      yield* badPath(resource.path);
      yield* badMode(resource.mode);
      yield* badOwner(resource);
      if (resource.state !== "absent" && resource.content === undefined) yield "it has no content";
      break;
    case "directory":
      yield* badPath(resource.path);
      yield* badMode(resource.mode);
      yield* badOwner(resource);
      break;
    case "symlink":
      yield* badPath(resource.path);
      if (resource.target === "" || CONTROL.test(resource.target)) {
        yield "its target is empty or has a control character";
      }
      break;
    case "block":
      yield* badPath(resource.path);
      if (!PLAIN_NAME.test(resource.name)) yield `"${printable(resource.name)}" is no block name`;
      if (/^# (BEGIN|END) bootmachine /m.test(resource.content)) {
        yield "its content has a block's mark in it";
      }
      break;
    case "package":
      if (resource.names.length === 0) yield "it names no package";
      for (const name of resource.names) {
        if (!PACKAGE.test(name)) yield `"${printable(name)}" is no package name`;
      }
      break;
    case "group":
      yield* badAccount(resource.name, "group");
      yield* badNumber(resource.gid, "gid");
      break;
    case "user":
      yield* badAccount(resource.name, "user");
      yield* badNumber(resource.uid, "uid");
      for (const group of [...(resource.groups ?? []), resource.primaryGroup]) {
        if (group !== undefined) yield* badAccount(group, "group");
      }
      for (const path of [resource.home, resource.shell]) {
        if (path !== undefined) yield* badPath(path);
      }
      for (const field of [resource.home, resource.shell, resource.fullName]) {
        if (field !== undefined && (field.includes(":") || CONTROL.test(field))) {
          yield `"${printable(field)}" has a colon or a control character`;
        }
      }
      if (resource.fullName?.includes(",") === true) yield "its full name has a comma";
      if (resource.passwordHash !== undefined && /[\s:\u0000]|^$/.test(resource.passwordHash)) {
        yield "its password hash has a blank or a colon, or is empty";
      }
      break;
    case "authorized-keys":
      yield* badAccount(resource.user, "user");
      if (resource.keys.some((key) => /[\r\n]/.test(key.trim()))) yield "a key has a line break";
      break;
    case "sudo-rule":
      // sudo passes over names with a dot or a tilde.
      if (!/^[A-Za-z0-9_-]+$/.test(resource.name)) {
        yield `sudo does not read a file named "${printable(resource.name)}"`;
      }
      break;
    case "service":
      if (!SERVICE.test(resource.name)) yield `"${printable(resource.name)}" is no service name`;
      break;
    case "sysctl":
      if (!PLAIN_NAME.test(resource.name)) yield `"${printable(resource.name)}" is no file name`;
      if (Object.keys(resource.settings).length === 0) yield "it has no settings";
      for (const [key, value] of Object.entries(resource.settings)) {
        if (!SYSCTL_KEY.test(key) || key.includes("..")) {
          yield `"${printable(key)}" is no kernel setting`;
        }
        if (/[\r\n\u0000]/.test(value) || value.trim() === "") yield `${key} has no usable value`;
      }
      break;
    case "hosts-entries":
      for (const { address, names } of resource.entries) {
        if (names.length === 0 || [address, ...names].some((word) => !/^[\w.:%-]+$/.test(word))) {
          yield `"${printable([address, ...names].join(" "))}" is no hosts entry`;
        }
      }
      break;
    case "hostname":
      if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(resource.hostname)) yield "it is no host name";
      break;
    case "locale":
      if (!/^[A-Za-z][\w.@-]*$/.test(resource.locale)) yield "it is no locale";
      break;
    case "timezone":
      if (!/^[A-Za-z][\w+/-]*$/.test(resource.timezone)) yield "it is no time zone";
      break;
    case "command":
      yield* badNumber(resource.timeoutSeconds, "timeoutSeconds");
      if (resource.timeoutSeconds === 0) yield "timeoutSeconds is 0";
      for (const name of Object.keys(resource.reads ?? {})) {
        if (!READ_NAME.test(name)) yield `"${printable(name)}" is no name for what it reads`;
      }
      break;
    case "upgrade":
    case "repository":
    case "ssh-server":
    case "firewall":
      break;
  }
}

/** No text of a resource may hold a NUL byte or half a character. Apart from the search for which one: nearly always all is well. */
function isPlainText(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isPlainText);
}

/** Which of the texts it is. */
function* badTexts(value: unknown, path: string): Generator<string> {
  if (typeof value === "string") {
    if (value.includes("\0")) yield `${path} has a NUL byte`;
    else if (!value.isWellFormed()) yield `${path} has half a surrogate pair`;
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield* badTexts(inner, path === "" ? key : `${path}.${key}`);
    }
  }
}

function* badPath(path: string): Generator<string> {
  if (!path.startsWith("/")) yield `the path "${printable(path)}" is not absolute`;
  else if (CONTROL.test(path)) yield `the path "${printable(path)}" has a control character`;
  else if (/\/(\.{0,2})(\/|$)/.test(path)) {
    yield `the path "${path}" is not in its plain form`;
  }
}

function* badMode(mode: string | undefined): Generator<string> {
  if (mode !== undefined && !MODE.test(mode)) {
    yield `the mode "${printable(mode)}" is not three or four octal digits`;
  }
}

function* badOwner(resource: {
  readonly owner?: string;
  readonly group?: string;
}): Generator<string> {
  for (const name of [resource.owner, resource.group]) {
    if (name !== undefined) yield* badAccount(name, "owner or group");
  }
}

function* badAccount(name: string, what: string): Generator<string> {
  if (!ACCOUNT.test(name)) yield `"${printable(name)}" is no ${what} name`;
}

function* badNumber(value: number | undefined, what: string): Generator<string> {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value < 2 ** 32)) {
    yield `${what} ${value} is not a whole number of 32 bits`;
  }
}

function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F]/g, "?").slice(0, 100);
}
