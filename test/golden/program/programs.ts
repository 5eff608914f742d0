import type { Resource } from "../../../src/program/resource.ts";

/** Resources in; the program that they compile to lies beside this file under the same name. */
export const PROGRAMS: Readonly<Record<string, readonly Resource[]>> = {
  nothing: [],
  files: [
    { type: "directory", path: "/srv/app", mode: "2775", group: "www-data" },
    {
      type: "file",
      path: "/srv/app/app.conf",
      content: "[app]\nname = it's \"quoted\"\n",
      validate: 'grep -q name "$1"',
      triggers: [{ reload: "app" }, { run: "echo one\necho two" }],
    },
    { type: "file", path: "/srv/app/token", content: "no newline", secret: true },
    { type: "file", path: "/srv/app/old.conf", state: "absent" },
    { type: "symlink", path: "/srv/current", target: "app" },
    { type: "block", path: "/etc/profile", name: "app", content: "umask 027\n" },
    { type: "hosts-entries", entries: [{ address: "10.0.0.1", names: ["web1", "web1.example"] }] },
  ],
  accounts: [
    { type: "group", name: "deploy", gid: 2000 },
    { type: "user", name: "ada", fullName: "Ada Lovelace", uid: 2001, groups: ["sudo", "deploy"] },
    { type: "user", name: "bob", passwordHash: "$6$salt$hash" },
    { type: "user", name: "old", state: "absent" },
    { type: "authorized-keys", user: "ada", keys: ["ssh-ed25519 AAAA ada@laptop"] },
    { type: "authorized-keys", user: "root", keys: [] },
    { type: "sudo-rule", name: "10-ada", rules: ["ada ALL=(ALL:ALL) NOPASSWD: ALL"] },
  ],
  system: [
    { type: "package", names: ["curl", "rsync"] },
    { type: "package", names: ["telnetd"], state: "absent" },
    { type: "upgrade", scope: "security" },
    { type: "service", name: "ssh", enabled: true, running: true },
    { type: "sysctl", name: "50-app", settings: { "net.ipv4.conf.eth0/1.rp_filter": "1" } },
    { type: "hostname", hostname: "web1" },
    { type: "locale", locale: "C.UTF-8" },
    { type: "timezone", timezone: "Europe/Berlin" },
    {
      type: "command",
      id: "app installed",
      onlyIf: "test -d /srv",
      skipReason: "there is no /srv",
      check: "test -x /srv/app/run",
      run: "install -m 755 /dev/stdin /srv/app/run <<'END'\n#!/bin/sh\nEND",
      timeoutSeconds: 30,
    },
    { type: "command", id: "disk", check: "df -P /srv", showCheckOutput: true },
  ],
};
