import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Reads the wanted state from one finished server, so that the hand-written scripts and the playbook want the
 * same as bootmachine, byte for byte. Writes into `directory`: files.tar, files/ (the same, unpacked), files.json,
 * files.sha256, hosts, live.nft, sshd.txt, packages, sysctl, users, services.
 */
export function readDesiredState(sshConfig: string, server: string, directory: string): void {
  const ask = (script: string): Buffer => {
    const { status, stdout, stderr } = spawnSync(
      "ssh",
      ["-F", sshConfig, "-o", "BatchMode=yes", server, "sudo", "-n", "sh", "-s"],
      { input: script, maxBuffer: 64 * 1024 * 1024 },
    );
    if (status !== 0) throw new Error(`${server}: ${stderr.toString()}`);
    return stdout;
  };
  mkdirSync(join(directory, "files"), { recursive: true });

  // Every file that bootmachine writes and that is the same on all servers of one role.
  const list = ask(String.raw`
for path in /etc/ssh/sshd_config.d/00-bootmachine.conf /etc/nftables.d/bootmachine.nft \
  /etc/systemd/system/bootmachine-firewall.service /etc/apt/apt.conf.d/52bootmachine \
  /etc/sysctl.d/*bootmachine* /etc/sudoers.d/bootmachine-* /home/*/.ssh/authorized_keys; do
  [ -f "$path" ] && echo "$path"
done`)
    .toString()
    .trim()
    .split("\n");
  const quoted = list.map((path) => `'${path}'`).join(" ");
  writeFileSync(
    join(directory, "files.tar"),
    ask(`tar -C / -cf - ${list.map((path) => `'${path.slice(1)}'`).join(" ")}`),
  );
  const unpacked = spawnSync("tar", [
    "-C",
    join(directory, "files"),
    "-xf",
    join(directory, "files.tar"),
  ]);
  if (unpacked.status !== 0) throw new Error("tar failed");
  const stats = ask(`stat -c '%n %U %G %a' ${quoted}`).toString().trim().split("\n");
  const files = stats.map((line) => {
    const [path = "", owner = "", group = "", mode = ""] = line.split(" ");
    return { path, owner, group, mode: mode.padStart(4, "0") };
  });
  writeFileSync(join(directory, "files.json"), JSON.stringify(files));
  writeFileSync(join(directory, "files.sha256"), ask(`sha256sum ${quoted}`));
  // The rest of /etc/hosts is the server's own.
  writeFileSync(
    join(directory, "hosts"),
    ask("sed -n '/^# BEGIN bootmachine/,/^# END bootmachine/p' /etc/hosts | grep '^[0-9a-f]'"),
  );
  writeFileSync(join(directory, "live.nft"), ask("nft -s list table inet bootmachine"));
  writeFileSync(
    join(directory, "sshd.txt"),
    ask("sshd -T -C user=root,host=outside,addr=203.0.113.1 | sort"),
  );
  writeFileSync(
    join(directory, "packages"),
    [
      "sudo",
      "ca-certificates",
      "nftables",
      "iproute2",
      "procps",
      "openssh-server",
      "unattended-upgrades",
      "",
    ].join("\n"),
  );
  writeFileSync(
    join(directory, "sysctl"),
    ask(
      `sed -n 's/^\\([a-z][^ =]*\\) *= *\\(.*\\)$/\\1 \\2/p' /etc/sysctl.d/*bootmachine*network*`,
    ),
  );
  writeFileSync(
    join(directory, "users"),
    ask("getent passwd | awk -F: '$3 >= 1000 && $3 < 60000'"),
  );
  writeFileSync(
    join(directory, "services"),
    [
      "ssh.service",
      "bootmachine-firewall.service",
      "apt-daily.timer",
      "apt-daily-upgrade.timer",
      "",
    ].join("\n"),
  );
}
