import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { addPlay, writeStarterKit, writeTreeFile } from "./ansible/ansible-tree.ts";
import { type PackageIndex, startPackageIndex } from "./ansible/package-index.ts";
import { type DriftReport, expectMended } from "./baseline-drift.ts";
import { memberLines } from "./known-members.ts";
import { type StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { outcomes, toolReport } from "./tool-report.ts";
import { createToolStack, expectFromNothing, TOOL_SERVERS } from "./tool-stack.ts";

const MEMBERS = TOOL_SERVERS.slice(1);

/** A test makes four servers, or runs Ansible on them several times. */
const LIMIT_MS = 1_200_000;

/** How Ansible says that it has mended what drifted. */
const MENDED: DriftReport = {
  account: "Users (item=grace)",
  membership: "Users (item=grace)",
  group: "Groups (item=builders)",
  sudo: "Files (item=/etc/sudoers.d/bootmachine-ada)",
  sshd: "Files (item=/etc/ssh/sshd_config.d/00-bootmachine.conf)",
  "automatic upgrades": "Files (item=/etc/apt/apt.conf.d/52bootmachine)",
  firewall: "Live state (item=firewall live rules)",
  "kernel setting": "Live state (item=sysctl network)",
  "kernel settings' file": "Files (item=/etc/sysctl.d/60-bootmachine-network.conf)",
  "time zone": /^Time zone$/,
  locale: "Locale",
  "host name": "Host name",
};

/** Of what ansible-playbook prints: the tasks of the role that have changed something, with the item. */
function changedTasks(output: string): readonly string[] {
  let task = "";
  return output.split("\n").flatMap((line) => {
    task = /^TASK \[bootmachine : (.+)\] \**$/.exec(line)?.[1] ?? task;
    const item = /^changed: \[\w+\](?: => (\(item=.+\)))? *$/.exec(line);
    return item === null ? [] : [`${task} ${item[1] ?? ""}`.trim()];
  });
}

const TITLE = "ansible from a master with Debian 13, on three members with Debian 12 and 13";
describe(TITLE, { timeout: LIMIT_MS }, () => {
  tested({
    what: "ansible, ansible-core 2.21 in a virtual environment",
    how: "real",
    on: ["Debian 12", "Debian 13"],
  });
  let work: string;
  let index: PackageIndex;
  let project: StackProject;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "bootmachine-ansible-"));
    index = await startPackageIndex(join(work, "wheels"), "2.21.5");
    project = await createToolStack({ name: "ansible", index: index.url }, { master: "boss" });
    await writeStarterKit(project.directory);
  });
  afterAll(async () => {
    await project.remove();
    await index.stop();
    await rm(work, { recursive: true, force: true });
  });

  it("goes from nothing to proved, and the starter kit's first run changes nothing", async () => {
    await expectFromNothing(project, { enroll: "changed", configure: "unchanged" });
  });

  it("runs where it is asked to, and changes nothing", async () => {
    const asked = await project.run("up", "--configure", "--yes", "--json");
    expect(asked.status, story(asked)).toBe(0);
    for (const { name } of TOOL_SERVERS) {
      expect(toolReport(asked.events, name, "changed"), name).toEqual([]);
      expect(toolReport(asked.events, name, "ok").length, name).toBeGreaterThan(10);
    }
  });

  it("lets the master in by its own key alone, from its own address alone", async () => {
    const { stdout: key } = await project.onServer(
      "boss",
      "cat /etc/ansible/bootmachine/id_ed25519.pub; stat -c %a%U /etc/ansible/bootmachine/id_ed25519",
    );
    expect(key.split("\n")[1]).toBe("600root");
    for (const { name } of MEMBERS) {
      const { stdout } = await project.onServer(name, "cat /home/ansible/.ssh/authorized_keys");
      expect(stdout).toMatch(/^from="[0-9a-f.:,]+",restrict ssh-ed25519 [^\n]+\n$/);
      expect(stdout).toContain(key.split("\n")[0]);
    }
    const { stdout: secret } = await project.onServer(
      "boss",
      "cat /etc/ansible/bootmachine/id_ed25519; cat /etc/ansible/bootmachine/known_hosts/web1 >&2",
    );
    // The same key from another member: refused.
    const stolen = `umask 077; cat >/root/k <<'E'\n${secret}E\nssh -i /root/k -p 2849 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ansible@db1 true 2>&1; echo "exit $?"; rm /root/k`;
    const { stdout: refused } = await project.onServer("web2", stolen);
    expect(refused).toMatch(/Permission denied \(publickey\)[\s\S]*exit 255/);
  });

  it("refuses a host whose key is another one, and tells of an account that somebody else can use", async () => {
    await project.onServer(
      "boss",
      "ssh-keygen -q -t ed25519 -N '' -f /root/other && awk '{print \"web1\", $1, $2}' /root/other.pub >/etc/ansible/bootmachine/known_hosts/web1",
    );
    // By a connection of its own: Ansible keeps those of the last run open for a minute. And with what many an ansible.cfg says.
    const ping = await project.onServer(
      "boss",
      `mkdir -p /root/careless && cd /root/careless && cat >ansible.cfg <<'E'
[defaults]
inventory = /etc/ansible/bootmachine/inventory
host_key_checking = False
[ssh_connection]
ssh_args = -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
control_path_dir = /root/careless
E
ansible web1 -m ansible.builtin.ping 2>&1`,
    );
    expect(ping.status).not.toBe(0);
    expect(ping.stdout).toContain("Host key verification failed");
    await project.onServer(
      "db1",
      "cat /home/ada/.ssh/authorized_keys >>/home/ansible/.ssh/authorized_keys",
    );
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(1);
    expect(verify.stdout).toContain("configurator-inventory");
    expect(verify.stdout).toContain("configurator-account");
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(0);
    expect((await project.run("verify")).status).toBe(0);
  });

  it("runs roles by group, with the members as data; secrets stay out of the journal", async () => {
    await writeTreeFile(project.directory, "group_vars/web_secret.yml", "password: hush-hush\n");
    await addPlay(
      project.directory,
      `- name: Set up the web servers
  hosts: front_end
  become: true
  gather_facts: false
  vars_files: [group_vars/web_secret.yml]
  tasks:
    - name: Members
      ansible.builtin.copy:
        content: "{% for each in bootmachine.members %}{{ each.server }} public {{ each.public_addresses | join(',') }} private {{ each.private_addresses | join(',') }}\\n{% endfor %}"
        dest: /etc/members
        mode: "0644"
    - name: Password
      ansible.builtin.copy:
        content: "{{ password }}"
        dest: /etc/web-password
        mode: "0600"
      no_log: true
    - name: Ask bootmachine for a reboot
      ansible.builtin.set_stats:
        data: { bootmachine_reboot: true }
        per_host: true
`,
    );
    const before = await project.onServer("web1", "stat -c %Y /proc/1");
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const changed = toolReport(up.events, "web1", "changed");
    expect(changed.map(({ id }) => id)).toEqual(["Members", "Password"]);
    expect(changed[0]?.diff?.join("\n")).toMatch(/^\+db1 public 10\./m);
    const members = await project.onServer("web1", "cat /etc/members");
    expect(members.stdout).toBe(await memberLines(project));
    expect(toolReport(up.events, "web2", "changed")).toEqual([]);
    expect((await project.onServer("web1", "cat /etc/web-password")).stdout).toBe("hush-hush");
    expect(up.stdout).not.toContain("hush-hush");
    // It asked for a reboot, and has had one.
    expect((await project.onServer("web1", "stat -c %Y /proc/1")).stdout).not.toBe(before.stdout);
    const modes = await project.onServer("boss", "stat -Lc %a /srv/ansible/group_vars/*.yml");
    expect(modes.stdout).toBe("644\n600\n");
  });

  it("mends drift of the baseline by its own run, and nothing else", async () => {
    // One of each release.
    for (const server of ["db1", "web2"]) {
      await expectMended(project, server, MENDED, async () => {
        const { status, stdout } = await project.onServer(
          "boss",
          `cd /srv/ansible && ansible-playbook --limit ${server} site.yml 2>&1`,
        );
        expect(status, stdout).toBe(0);
        return changedTasks(stdout);
      });
      const up = await project.run("up", "--yes", "--json", "--server", server);
      expect(up.status, story(up)).toBe(0);
      expect(Object.values(outcomes(up.events, server))).not.toContain("changed");
    }
  });

  it("tells of a failed task and of a missing role in Ansible's own words", async () => {
    await addPlay(
      project.directory,
      `- name: Set up the databases
  hosts: db1
  become: true
  gather_facts: false
  tasks:
    - name: Start what is not there
      ansible.builtin.service: { name: no-such-unit, state: started }
`,
    );
    const failed = await project.run("up", "--yes");
    expect(failed.status, story(failed)).toBe(1);
    expect(failed.stdout).toContain("Start what is not there");
    expect(failed.stdout).toMatch(/Could not find the requested service no-such-unit/);
    expect(failed.stdout).toMatch(/ansible failed at 1 of \d+ things on db1/);
    await addPlay(project.directory, "- name: More\n  hosts: all\n  roles: [no-such-role]\n");
    const missing = await project.run("up", "--yes");
    expect(missing.status).toBe(1);
    expect(missing.stdout).toMatch(/role 'no-such-role' was not found/i);
    await writeStarterKit(project.directory);
    const mended = await project.run("up", "--yes");
    expect(mended.status, story(mended)).toBe(0);
  });

  it("reaches members whose ssh port is open to the operator alone", async () => {
    const { stdout: route } = await project.onServer("db1", "ip -4 route show default");
    const operator = /via ([0-9.]+)/.exec(route)?.[1] ?? "";
    project.config = { ...project.config, firewall: [{ port: 2849, from: [operator] }] };
    await project.write();
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const shut = await project.onServer(
      "web2",
      "timeout 5 bash -c ': </dev/tcp/db1/2849'; echo $?",
    );
    expect(shut.stdout).toBe("124\n");
    // By connections of its own: an old one is let through, whatever the openings are now.
    const ping = await project.onServer(
      "boss",
      "cd /srv/ansible && ANSIBLE_SSH_ARGS='-o ControlMaster=no' ansible all -m ansible.builtin.ping 2>&1",
    );
    expect(ping.status, ping.stdout).toBe(0);
    const verify = await project.run("verify");
    expect(verify.status, story(verify)).toBe(0);
  });

  it("takes no file into its environment that is not the pinned one", async () => {
    await project.onServer("boss", "rm -r /opt/bootmachine/ansible/venv");
    index.spoiled = "jinja2";
    const spoiled = await project.run("up", "--yes");
    expect(spoiled.status).toBe(1);
    expect(spoiled.stdout).toMatch(/DO NOT MATCH THE HASHES/);
    index.spoiled = "none";
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(0);
    expect((await project.onServer("boss", "ansible --version")).stdout).toContain("core 2.21.5");
  });
});
