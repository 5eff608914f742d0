import type { MachineStatus } from "../contract.ts";
import type { NovaServer } from "./nova.ts";

/** What a cloud does to a server by itself after it is active, as the server's metadata tells. */
export interface Automation {
  /** For people: "managed". */
  readonly name: string;
  readonly key: string;
  readonly done: readonly string[];
  readonly failed: readonly string[];
}

/**
 * Rackspace's: the managed service level, and RackConnect. Keys and values are those that Heat's own resource for Cloud
 * Servers waits for. RackConnect calls a server that it does not take part in UNPROCESSABLE.
 */
export const RACKSPACE_AUTOMATIONS = {
  managed: {
    name: "managed",
    key: "rax_service_level_automation",
    done: ["Complete"],
    failed: ["Build Error"],
  },
  rackconnect: {
    name: "rackconnect",
    key: "rackconnect_automation_status",
    done: ["DEPLOYED", "UNPROCESSABLE"],
    failed: ["FAILED"],
  },
} as const satisfies Readonly<Record<string, Automation>>;

export interface AutomationSettings {
  /** Those that the cloud may have; one is waited for once the server's metadata names it. */
  readonly automations?: readonly Automation[];
  /** Those that are waited for also where the metadata does not name them yet. */
  readonly awaits?: readonly string[];
}

/** What the cloud still does to an active server, or has failed to do; undefined: nothing. */
export function automationOf(
  server: NovaServer,
  { automations = [], awaits = [] }: AutomationSettings,
): { readonly status: MachineStatus; readonly detail: string } | undefined {
  for (const { name, key, done, failed } of automations) {
    const value = server.metadata[key];
    if (value === undefined && !awaits.includes(name)) continue;
    if (value !== undefined && failed.includes(value))
      return { status: "failed", detail: `the cloud's own automation failed (${key}: ${value})` };
    if (value === undefined || !done.includes(value)) {
      return {
        status: "creating",
        detail: `the cloud's own automation is at work (${key}: ${value ?? "not begun"})`,
      };
    }
  }
  return undefined;
}
