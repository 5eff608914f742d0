import { cpSync } from "node:fs";
import { join } from "node:path";

import { startDownloadService } from "../../test/lab/chef/download-service.ts";
import { buildLookAlike } from "../../test/lab/chef/look-alike-package.ts";
import type { BenchTool } from "./tool.ts";

/** A look-alike of Cinc's client, since the real one cannot be had from Debian: both sides use the same. */
export const chefBench: BenchTool = {
  name: "chef",
  title: "chef (look-alike)",
  image: "debian-12",
  hasMaster: false,
  async prepare(folder) {
    cpSync(join(import.meta.dirname, "chef-tree"), join(folder, "tree"), { recursive: true });
    const built = buildLookAlike(folder, "18.7.10");
    const service = await startDownloadService(built);
    return {
      configurator: {
        name: "chef",
        tree: join(folder, "tree"),
        runList: ["recipe[site]"],
        downloadService: service.url,
      },
      env: { PACKAGE_URL: `${service.url}/cinc.deb`, PACKAGE_SHA256: built.sha256 },
      stop: () => service.stop(),
    };
  },
  byHand: "chef-by-hand.sh",
  check: "chef-check.sh",
};
