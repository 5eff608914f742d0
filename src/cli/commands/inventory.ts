import {
  renderAnsibleInventory,
  renderHosts,
  renderInventoryYaml,
} from "../../report/inventory-text.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { SelectionFlags } from "../flags.ts";
import { openFleet, selectionOf } from "../open-fleet.ts";
import { printJson } from "../print.ts";
import { warnOnly } from "../warn-only.ts";
import { renderSshConfigOf } from "../ssh-config-text.ts";

export type InventoryFormat = "json" | "yaml" | "ansible" | "ssh_config" | "hosts";

export interface InventoryFlags extends SelectionFlags {
  readonly format: InventoryFormat;
}

export async function inventory(context: CliContext, flags: InventoryFlags): Promise<ExitCode> {
  const fleet = await openFleet(context, flags, warnOnly(context));
  const entries = await fleet.inventory(selectionOf(flags));
  const format = flags.json ? "json" : flags.format;
  const about = {
    stack: fleet.stack.name,
    knownHostsFile: fleet.knownHostsFile,
    identityFile: fleet.stack.ssh.identityFile,
  };
  switch (format) {
    case "json":
      printJson(context, { stack: about.stack, servers: entries });
      break;
    case "yaml":
      context.stdout.write(await renderInventoryYaml(entries, about));
      break;
    case "ansible":
      context.stdout.write(await renderAnsibleInventory(entries, about));
      break;
    case "hosts":
      context.stdout.write(renderHosts(entries, about));
      break;
    case "ssh_config":
      context.stdout.write(renderSshConfigOf(fleet, entries));
      break;
  }
  return 0;
}
