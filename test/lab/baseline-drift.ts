import { expect } from "vitest";

import type { StackProject } from "./stack-project.ts";

const SECOND_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgNGInqAh/Qw2DUp6BU+r9BrclbtFfNDCGBbi5/AUnQ ada@home";

/** Of a stack whose baseline is to drift: accounts with and without keys, a group of its own. */
export const DRIFTING_ACCOUNTS = {
  groups: [{ name: "builders", gid: 4200 }],
  users: [
    // Two keys: a line each.
    { name: "ada", fullName: "Ada Lovelace", sudo: "nopasswd", keys: ["./id.pub", SECOND_KEY] },
    { name: "grace", fullName: "Grace Höpper", groups: ["adm", "builders"], keys: [] },
  ],
};

interface Drift {
  /** What somebody does by hand, as root. */
  readonly change: string;
  /** What one sees of it. */
  readonly look: string;
}

/** One change of each kind of thing that the baseline keeps. */
const DRIFT = {
  account: { change: "usermod --comment Nobody grace", look: "getent passwd grace" },
  membership: { change: "gpasswd -d grace adm", look: "getent group adm" },
  group: { change: "groupdel builders", look: "getent group builders" },
  sudo: {
    change: "echo '# drift' >>/etc/sudoers.d/bootmachine-ada",
    look: "cat /etc/sudoers.d/bootmachine-ada",
  },
  sshd: {
    change: "echo '# drift' >>/etc/ssh/sshd_config.d/00-bootmachine.conf",
    look: "cat /etc/ssh/sshd_config.d/00-bootmachine.conf",
  },
  "automatic upgrades": {
    change: "chmod 0600 /etc/apt/apt.conf.d/52bootmachine",
    look: "stat -c '%a %U %G' /etc/apt/apt.conf.d/52bootmachine",
  },
  firewall: {
    change: "nft add rule inet bootmachine input tcp dport 9999 accept",
    look: "nft list table inet bootmachine | grep -c 9999",
  },
  "kernel setting": {
    change: "echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter",
    look: "cat /proc/sys/net/ipv4/conf/all/rp_filter",
  },
  "kernel settings' file": {
    change: "rm /etc/sysctl.d/60-bootmachine-network.conf",
    look: "cat /etc/sysctl.d/60-bootmachine-network.conf",
  },
  // Debian 12 keeps the zone's name in a second file; where it is not there, Salt makes it, with the same name.
  "time zone": {
    change:
      "ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime; [ ! -e /etc/timezone ] || echo Asia/Tokyo >/etc/timezone",
    look: "date +%Z; cat /etc/timezone || echo Etc/UTC",
  },
  locale: {
    change: "sed -i --follow-symlinks 's/^LANG=.*/LANG=de_DE.UTF-8/' /etc/default/locale",
    look: '. /etc/default/locale; echo "$LANG"',
  },
  // One that can be looked up: for another each sudo, and so each task of some tools, would wait for DNS.
  "host name": {
    change:
      "echo '127.0.1.1 elsewhere' >>/etc/hosts; echo elsewhere >/etc/hostname; hostname elsewhere",
    look: "cat /etc/hostname /proc/sys/kernel/hostname",
  },
} as const satisfies Readonly<Record<string, Drift>>;

/** What a tool says of each kind, when it has mended it. */
export type DriftReport = Readonly<Record<keyof typeof DRIFT, string | RegExp>>;

/**
 * Changes one thing of each kind by hand, has the tool run, and sees that all of it is as before, and that the tool has said so.
 *
 * @param mend runs the tool; @returns one line for each thing that it says it has changed
 */
export async function expectMended(
  project: StackProject,
  server: string,
  report: DriftReport,
  mend: () => Promise<readonly string[]>,
): Promise<void> {
  const before = await look(project, server);
  await project.onServer(
    server,
    Object.values(DRIFT)
      .map(({ change }) => change)
      .join("\n"),
  );
  const drifted = await look(project, server);
  for (const kind of Object.keys(DRIFT)) expect(drifted[kind], kind).not.toBe(before[kind]);
  const changed = await mend();
  expect(await look(project, server)).toEqual(before);
  for (const [kind, said] of Object.entries(report)) {
    const isSaid = (line: string): boolean =>
      typeof said === "string" ? line.includes(said) : said.test(line);
    expect(changed.some(isSaid), `${kind} on ${server}, in\n${changed.join("\n")}`).toBe(true);
  }
}

async function look(project: StackProject, server: string): Promise<Record<string, string>> {
  const kinds = Object.entries(DRIFT);
  const { stdout } = await project.onServer(
    server,
    kinds.map((entry) => `echo '==='\n{ ${entry[1].look}; } 2>/dev/null`).join("\n"),
  );
  const seen = stdout.split("===\n").slice(1);
  expect(seen).toHaveLength(kinds.length);
  return Object.fromEntries(kinds.map(([kind], index) => [kind, seen[index] ?? ""]));
}
