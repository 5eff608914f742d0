import { describe, expect, test } from "vitest";

import { parseFacts } from "../../../src/host/parse-facts.ts";
import { OS_RELEASES } from "./os-releases.ts";

interface Answer {
  readonly release?: string;
  readonly lines?: readonly string[];
  readonly uname?: string;
}

function answer({ release = OS_RELEASES.debian12, lines = [], uname }: Answer): string {
  return [
    "noise before",
    "bm-facts 1",
    ...release.split("\n").map((line) => `os ${line}`),
    "",
    `uname ${uname ?? "Linux web1 6.1.0-40-amd64 x86_64"}`,
    "init systemd",
    "init-start 42",
    "boot-id abc",
    "container no",
    "uptime 12.5 20",
    "memory-kb 2048000",
    "cpus 2",
    ...lines,
    "bm-facts-end",
    "",
  ].join("\n");
}

const read = (from: Answer) => parseFacts(answer(from), { server: "web1", loginUser: "root" });

describe("the operating system", () => {
  test.each([
    ["debian11", "debian", "11", "bullseye", [], "Debian GNU/Linux 11 (bullseye)"],
    ["debian12", "debian", "12", "bookworm", [], "Debian GNU/Linux 12 (bookworm)"],
    ["debian13", "debian", "13", "trixie", [], "Debian GNU/Linux 13 (trixie)"],
    ["fedora", "fedora", "43", "", [], "Fedora Linux 43 (Cloud Edition)"],
    ["rocky", "rocky", "9.6", "", ["rhel", "centos", "fedora"], "Rocky Linux 9.6 (Blue Onyx)"],
    ["arch", "arch", "", "", [], "Arch Linux"],
    ["alpine", "alpine", "3.22.1", "", [], 'Alpine "edge" \\$x'],
    ["freebsd", "freebsd", "14.3", "", [], 'FreeBSD "14.3" for $5'],
  ] as const)("%s", (name, osId, osVersion, osCodename, osIdLike, osPrettyName) => {
    expect(read({ release: OS_RELEASES[name] })).toMatchObject({
      osId,
      osVersion,
      osCodename,
      osIdLike,
      osPrettyName,
    });
  });

  test("without an os-release file it is named after its kernel", () => {
    expect(read({ release: "", uname: "OpenBSD web1 7.7 amd64" })).toMatchObject({
      osId: "openbsd",
      osVersion: "",
      kernelName: "OpenBSD",
      kernelRelease: "7.7",
      architecture: "amd64",
      hostname: "web1",
    });
  });
});

test("addresses: global ones only, from whichever program the host has", () => {
  const ip = [
    "ip 2: eth0    inet 203.0.113.7/24 brd 203.0.113.255 scope global eth0\\       valid_lft forever",
    "ip 2: eth0    inet6 2001:db8::7/64 scope global dynamic \\       valid_lft 1000sec",
    "ip 2: eth0    inet6 fe80::1/64 scope link",
  ];
  expect(read({ lines: ip }).addresses).toEqual(["203.0.113.7", "2001:db8::7"]);
  const ifconfig = [
    "ifconfig vtnet0: flags=8863<UP,BROADCAST> metric 0 mtu 1500",
    "ifconfig \tinet 203.0.113.8 netmask 0xffffff00 broadcast 203.0.113.255",
    "ifconfig \tinet6 fe80::1%vtnet0 prefixlen 64 scopeid 0x1",
    "ifconfig \tinet 127.0.0.1 netmask 0xff000000",
  ];
  // A line's leading blank is cut off with its key.
  expect(read({ lines: ifconfig }).addresses).toEqual(["203.0.113.8"]);
  expect(read({ lines: ["addresses 203.0.113.9 2001:db8::9 "] }).addresses).toEqual([
    "203.0.113.9",
    "2001:db8::9",
  ]);
});

test("what a host may have or not", () => {
  expect(read({})).toMatchObject({
    activeFirewalls: [],
    isSshSocketActive: false,
    selinux: "disabled",
    hasCloudInit: false,
    opensshVersion: "",
    memoryMb: 2000,
    uptimeSeconds: 12.5,
  });
  expect(
    read({
      lines: [
        "firewall ufw",
        "firewall firewalld",
        "ssh-socket yes",
        "selinux 0",
        "cloud-init yes",
        "sshd OpenSSH_8.4p1 Debian-5+deb11u7, OpenSSL 1.1.1w  11 Sep 2023",
      ],
    }),
  ).toMatchObject({
    activeFirewalls: ["firewalld", "ufw"],
    isSshSocketActive: true,
    selinux: "permissive",
    hasCloudInit: true,
    opensshVersion: "OpenSSH_8.4p1",
  });
});

describe("an answer that cannot be read is told, with its last lines", () => {
  test.each([
    ["cut short", answer({}).replace("bm-facts-end", ""), /cut short/],
    ["no uname", answer({ uname: " " }), /uname/],
    ["no number", answer({}).replace("cpus 2", "cpus "), /"cpus"/],
    ["empty", "", /cut short/],
  ])("%s", (_, text, message) => {
    expect(() => parseFacts(text, { server: "web1", loginUser: "root" })).toThrow(message);
  });
});
