// For YAML configs: `configurator: { name: ./plugin.ts, folder: ./snippets }`.
import type { PluginFactory } from "bootmachine/plugin";
import { z } from "zod";

import { snippets } from "./snippets.ts";

const options = z.strictObject({ folder: z.string().min(1).default("./snippets") });

export const plugin: PluginFactory<"configurator"> = {
  kind: "configurator",
  name: "snippets",
  // Wrong options are told with their path and line, as those of the built-in tools are.
  options,
  create: (given: z.output<typeof options>) => snippets(given),
};
