import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { knock, profileBase, writeInTree, writeStarterKit } from "./puppet/puppet-tree.ts";
import { tested } from "./tested.ts";

tested({
  what: "puppet: contract suite",
  how: "real",
  on: ["Debian 12", "Debian 13"],
  note: "the distro's packages: server 8 on Debian 13, agents 8 and 7",
});

testConfigurator(labRunner, {
  name: "puppet from Debian's packages",
  topology: "agent",
  world: async () => {
    const world = await labWorld(
      { name: "puppet", packages: "distro", tree: "./puppet", heapMb: 384 },
      { hasMaster: true, servers: { hub: { image: "debian-13" } } },
    );
    await writeStarterKit(world.directory);
    return world;
  },
  tree: {
    write: (directory, path, text, program) =>
      writeInTree(
        directory,
        "site-modules/profile/manifests/base.pp",
        profileBase(
          `  file { '${path}': content => "${text}\\n" }${program === undefined ? "" : `\n  exec { '${program}': }`}`,
        ),
      ),
    async break(directory) {
      await writeInTree(
        directory,
        "site-modules/profile/manifests/base.pp",
        profileBase("  include profile::nowhere"),
      );
      return /Could not find class ::profile::nowhere/;
    },
  },
  agent: {
    silence: "systemctl disable --quiet --now puppet.service",
    stranger: () => ({
      id: "stranger",
      // By name: the master's certificate holds no address.
      start: knock("stranger", "hub"),
      stop: "rm -rf /tmp/stranger-stranger",
    }),
  },
});
