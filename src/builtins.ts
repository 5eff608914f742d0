import { PluginRegistry } from "./stack/plugin-registry.ts";

/** The plug-ins that come with bootmachine; each is loaded when it is used. */
export const BUILTINS = new PluginRegistry([
  {
    kind: "provider",
    name: "local",
    async load() {
      const [{ local }, { localOptionsSchema }] = await Promise.all([
        import("./providers/local/local.ts"),
        import("./providers/local/options.ts"),
      ]);
      return { kind: "provider", name: "local", options: localOptionsSchema, create: local };
    },
  },
  {
    kind: "provider",
    name: "existing",
    async load() {
      const [{ existing }, { existingOptionsSchema }] = await Promise.all([
        import("./providers/existing/existing.ts"),
        import("./providers/existing/options.ts"),
      ]);
      return {
        kind: "provider",
        name: "existing",
        options: existingOptionsSchema,
        create: existing,
      };
    },
  },
  {
    kind: "provider",
    name: "openstack",
    async load() {
      const [{ openstack }, { openstackOptionsSchema }] = await Promise.all([
        import("./providers/openstack/openstack.ts"),
        import("./providers/openstack/options.ts"),
      ]);
      return {
        kind: "provider",
        name: "openstack",
        options: openstackOptionsSchema,
        create: openstack,
      };
    },
  },
  {
    kind: "provider",
    name: "rackspace",
    async load() {
      const [{ rackspace }, { rackspaceOptionsSchema }] = await Promise.all([
        import("./providers/openstack/rackspace.ts"),
        import("./providers/openstack/rackspace-options.ts"),
      ]);
      return {
        kind: "provider",
        name: "rackspace",
        options: rackspaceOptionsSchema,
        create: rackspace,
      };
    },
  },
  {
    kind: "provider",
    name: "ec2",
    async load() {
      const [{ ec2 }, { ec2OptionsSchema }] = await Promise.all([
        import("./providers/ec2/ec2.ts"),
        import("./providers/ec2/options.ts"),
      ]);
      return { kind: "provider", name: "ec2", options: ec2OptionsSchema, create: ec2 };
    },
  },
  {
    kind: "configurator",
    name: "none",
    async load() {
      const { none } = await import("./configurators/none.ts");
      return { kind: "configurator", name: "none", create: none };
    },
  },
  {
    kind: "configurator",
    name: "script",
    async load() {
      const [{ script }, { scriptOptionsSchema }] = await Promise.all([
        import("./configurators/script/script.ts"),
        import("./configurators/script/options.ts"),
      ]);
      return { kind: "configurator", name: "script", options: scriptOptionsSchema, create: script };
    },
  },
  {
    kind: "configurator",
    name: "ansible",
    async load() {
      const [{ ansible }, { ansibleOptionsSchema }] = await Promise.all([
        import("./configurators/ansible/ansible.ts"),
        import("./configurators/ansible/options.ts"),
      ]);
      return {
        kind: "configurator",
        name: "ansible",
        options: ansibleOptionsSchema,
        create: ansible,
      };
    },
  },
  {
    kind: "configurator",
    name: "chef",
    async load() {
      const [{ chef }, { chefOptionsSchema }] = await Promise.all([
        import("./configurators/chef/chef.ts"),
        import("./configurators/chef/options.ts"),
      ]);
      return { kind: "configurator", name: "chef", options: chefOptionsSchema, create: chef };
    },
  },
  {
    kind: "configurator",
    name: "salt",
    async load() {
      const [{ salt }, { saltOptionsSchema }] = await Promise.all([
        import("./configurators/salt/salt.ts"),
        import("./configurators/salt/options.ts"),
      ]);
      return { kind: "configurator", name: "salt", options: saltOptionsSchema, create: salt };
    },
  },
  {
    kind: "configurator",
    name: "puppet",
    async load() {
      const [{ puppet }, { puppetOptionsSchema }] = await Promise.all([
        import("./configurators/puppet/puppet.ts"),
        import("./configurators/puppet/options.ts"),
      ]);
      return {
        kind: "configurator",
        name: "puppet",
        options: puppetOptionsSchema,
        create: puppet,
      };
    },
  },
  {
    kind: "distro",
    name: "debian",
    async load() {
      const { debian } = await import("./distros/debian.ts");
      return { kind: "distro", name: "debian", create: debian };
    },
  },
]);
