import type { ScriptResource } from "../../src/configurators/script/options.ts";
import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";

tested({ what: "script", how: "real", on: ["Debian 12"] });

/** The user's tree is the config itself. */
const resources: { "*": ScriptResource[] } = { "*": [] };

testConfigurator(labRunner, {
  name: "script",
  topology: "solo",
  notApplicable: {
    "followed live": "its resources are the tool, and each is told as it is done",
    "interrupted at install": "nothing is installed: its resources are applied where others run",
    "interrupted while the tool runs": "its resources are the tool, and are cut off half-way",
  },
  world: () => labWorld({ name: "script", resources }, { hasMaster: false }),
  tree: {
    write(_directory, path, text) {
      resources["*"] = [
        { type: "package", names: ["tree"] },
        { type: "directory", path: "/srv/suite" },
        {
          type: "file",
          path,
          content: `${text}\n`,
          triggers: [{ run: "date >/srv/suite/changed" }],
        },
        {
          type: "command",
          id: "slow",
          check: "test -e /srv/suite/slow",
          run: "sleep 3; : >/srv/suite/slow",
        },
      ];
      return Promise.resolve();
    },
    break() {
      resources["*"] = [
        {
          type: "file",
          path: "/etc/suite.json",
          content: "{",
          validate: `echo "no good: $1" >&2; exit 7`,
        },
      ];
      return Promise.resolve(/no good: \//);
    },
  },
});
