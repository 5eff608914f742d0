import { testConfigurator } from "../../src/testing/configurator-suite.ts";
import { writeTreeFile } from "./ansible/ansible-tree.ts";
import { labRunner, labWorld } from "./configurator-world.ts";
import { tested } from "./tested.ts";
import { PATIENT_SSH } from "./tool-stack.ts";

tested({
  what: "ansible, the distro's package (ansible-core 2.14)",
  how: "real",
  on: ["Debian 12"],
});

testConfigurator(labRunner, {
  name: "ansible",
  topology: "push",
  world: () =>
    labWorld(
      { name: "ansible", install: "distro" },
      { hasMaster: true, config: { ssh: PATIENT_SSH } },
    ),
  tree: {
    write: (directory, path, text) =>
      writeTreeFile(
        directory,
        "site.yml",
        `- name: Suite
  hosts: all
  become: true
  gather_facts: false
  tasks:
    - name: Mark
      ansible.builtin.copy:
        content: "${text}\\n"
        dest: ${path}
        mode: "0644"
    - name: Something slow, once
      ansible.builtin.command:
        cmd: sh -c "sleep 3 && touch /var/lib/suite-slow"
        creates: /var/lib/suite-slow
`,
      ),
    async break(directory) {
      await writeTreeFile(
        directory,
        "site.yml",
        "- name: Suite\n  hosts: all\n  roles: [no-such-role]\n",
      );
      return /role 'no-such-role' was not found/;
    },
  },
});
