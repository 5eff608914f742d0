// The stack of `npm run demo`: three servers on this computer, one for each Debian release, and a master where the
// configuration-management tool wants one, as Ansible does; `--configurator` names another tool.
import {
  ansible,
  chef,
  type Configurator,
  defineStack,
  env,
  local,
  none,
  puppet,
  salt,
  UserError,
} from "bootmachine";

/** `npm run demo -- --configurator NAME`; scripts/demo.sh puts the tool's starter kit beside the demo's key. */
const tool = env("DEMO_CONFIGURATOR", "ansible");
const kit = `.bootmachine/${tool}`;

/** Ansible and Puppet come from Debian itself; Salt and Chef from their own repositories. */
function chooseConfigurator(): Configurator {
  switch (tool) {
    case "none":
      return none();
    case "ansible":
      return ansible({ tree: kit, install: "distro" });
    case "puppet":
      return puppet({ tree: kit, packages: "distro" });
    case "salt":
      return salt({ states: `${kit}/states`, pillars: `${kit}/pillars` });
    case "chef":
      return chef({ tree: kit });
    default:
      throw new UserError("CONFIG_INVALID", `The demo has no configurator "${tool}".`, {
        hint: "It has ansible, puppet, salt, chef and none.",
      });
  }
}

const configurator = chooseConfigurator();
/** Of Debian 11 the other tools have no packages any more. */
const oldest = tool === "ansible" || tool === "none" ? "debian-11" : "debian-12";
const hasMaster = configurator.topology === "agent" || configurator.topology === "push";

export default defineStack({
  name: "demo",
  provider: local(),

  // scripts/demo.sh makes this key pair when it is not there.
  ssh: { port: 2849, identityFile: ".bootmachine/operator-key" },

  operator: "ada",
  users: [
    {
      name: "ada",
      fullName: "Ada Lovelace",
      sudo: "nopasswd",
      keys: [{ file: ".bootmachine/operator-key.pub" }],
    },
  ],

  firewall: [
    { port: 80, from: "anywhere", roles: ["loadbalancer"] },
    { port: 443, from: "anywhere", roles: ["loadbalancer"] },
    { port: 8000, from: "stack", roles: ["application"] },
    { port: 5432, from: "stack", roles: ["database"] },
  ],

  configurator,
  ...(hasMaster ? { master: "master" } : {}),

  servers: [
    ...(hasMaster
      ? [
          {
            name: "master",
            image: "debian-13",
            size: tool === "puppet" ? ("large" as const) : ("medium" as const),
          },
        ]
      : []),
    { name: "lb1", roles: ["loadbalancer"], image: "debian-13", size: "small" },
    { name: "app1", roles: ["application"], image: "debian-12", size: "small" },
    { name: "db1", roles: ["database"], image: oldest, size: "small" },
  ],

  tasks: {
    ports: {
      description: "Show on which TCP ports each server listens",
      run: async ({ hosts, log }) => {
        for (const host of hosts) {
          const { stdout } = await host.run("ss -Hltn | awk '{ print $4 }' | sort");
          log(`${host.name}: ${stdout.trim().split("\n").join(", ")}`);
        }
      },
    },
  },
});
