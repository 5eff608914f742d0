import { z } from "zod";

import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext } from "../contract.ts";

/** What the config itself says of a server, and the baseline keeps: two hands on it would undo each other's work. */
type BaselineType =
  | "ssh-server"
  | "firewall"
  | "hostname"
  | "hosts-entries"
  | "locale"
  | "timezone"
  | "upgrade";

type Declarable<R> = R extends { readonly type: BaselineType }
  ? never
  : Omit<R, "failsAs" | "reads">;

/** A resource of the user's own: any but those that the config has options of their own for. */
export type ScriptResource = Declarable<Resource>;
type ScriptResourceType = ScriptResource["type"];

/** What a server of a role gets: resources, or (in TypeScript and JavaScript) a function that makes them for each server. */
export type ScriptResources =
  | readonly ScriptResource[]
  | ((context: ConfiguratorContext) => readonly ScriptResource[]);

export interface ScriptOptions {
  /** By role; "*" is every server. A server gets those of "*" first, then those of its roles in the order written here. */
  readonly resources: Readonly<Record<string, ScriptResources>>;
}

const text = z.string();
const name = z.string().min(1);
const path = z.string().regex(/^\//, "must be an absolute path");
const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/, 'must be three or four octal digits in quotes, such as "0644"');
const number = z.number().int().min(0).max(4_294_967_295);
const flag = z.boolean();
const state = z.enum(["present", "absent"]);

const trigger = z
  .strictObject({ reload: name.optional(), restart: name.optional(), run: name.optional() })
  .refine((one) => Object.keys(one).length === 1, "must be one of reload, restart and run");

/** Of every resource. */
const COMMON = {
  id: name.optional(),
  triggers: z.array(trigger).optional(),
  onlyIf: name.optional(),
  skipReason: name.optional(),
};

/** The fields of each type of resource, as `program/resource.ts` has them: one that is missing here does not compile. */
const FIELDS = {
  package: { names: z.array(name).min(1), state: state.optional() },
  repository: {
    name,
    uri: name,
    suite: name,
    components: z.array(name),
    key: name,
    state: state.optional(),
  },
  file: {
    path,
    content: text.optional(),
    mode: mode.optional(),
    owner: name.optional(),
    group: name.optional(),
    state: state.optional(),
    validate: name.optional(),
    secret: flag.optional(),
  },
  block: { path, name, content: text, state: state.optional() },
  directory: {
    path,
    mode: mode.optional(),
    owner: name.optional(),
    group: name.optional(),
    state: state.optional(),
  },
  symlink: { path, target: name, state: state.optional() },
  group: { name, gid: number.optional(), system: flag.optional(), state: state.optional() },
  user: {
    name,
    fullName: text.optional(),
    uid: number.optional(),
    primaryGroup: name.optional(),
    groups: z.array(name).optional(),
    shell: path.optional(),
    home: path.optional(),
    passwordHash: name.optional(),
    state: state.optional(),
  },
  "authorized-keys": { user: name, keys: z.array(name) },
  "sudo-rule": { name, rules: z.array(name), state: state.optional() },
  service: { name, enabled: flag.optional(), running: flag.optional() },
  sysctl: { name, settings: z.record(name, name) },
  command: {
    id: name,
    check: name,
    run: name.optional(),
    timeoutSeconds: z.number().int().min(1).max(86_400).optional(),
    showCheckOutput: flag.optional(),
  },
} satisfies {
  readonly [T in ScriptResourceType]: Readonly<
    Record<
      Exclude<
        keyof Extract<ScriptResource, { readonly type: T }>,
        "type" | Exclude<keyof typeof COMMON, T extends "command" ? "id" : never>
      >,
      z.ZodType
    >
  >;
};

function fieldsOf<T extends ScriptResourceType>(type: T) {
  return z.strictObject({ type: z.literal(type), ...COMMON, ...FIELDS[type] });
}

const resourceSchema = z.discriminatedUnion("type", [
  fieldsOf("package"),
  fieldsOf("repository"),
  fieldsOf("file"),
  fieldsOf("block"),
  fieldsOf("directory"),
  fieldsOf("symlink"),
  fieldsOf("group"),
  fieldsOf("user"),
  fieldsOf("authorized-keys"),
  fieldsOf("sudo-rule"),
  fieldsOf("service"),
  fieldsOf("sysctl"),
  fieldsOf("command"),
]);

/** Options of the `script` configurator in YAML and JSON, where a function cannot stand. */
export const scriptOptionsSchema = z.strictObject({
  /**
   * Resources by role; "*" is every server. A server gets those of "*" first, then those of its roles, in the order
   * written here. Their types and fields are in the guide. Taking a resource out leaves what it made on the servers:
   * set its `state` to "absent" first.
   */
  resources: z.record(name, z.array(resourceSchema)),
});
