import type { BaselineContext } from "../../../src/baseline/context.ts";
import { none } from "../../../src/configurators/none.ts";
import { debian } from "../../../src/distros/debian.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import type { Server, SshSettings, Stack, Upgrades, User } from "../../../src/stack/stack.ts";

const RELEASES = {
  "11": { codename: "bullseye", openssh: "OpenSSH_8.4p1 Debian-5+deb11u5" },
  "12": { codename: "bookworm", openssh: "OpenSSH_9.2p1 Debian-2+deb12u7" },
  "13": { codename: "trixie", openssh: "OpenSSH_10.0p2 Debian-7" },
} as const;
export type Release = keyof typeof RELEASES;
export const RELEASE_NAMES = ["11", "12", "13"] as const satisfies readonly Release[];

/** A container with a Debian release, as the host itself would say it. */
export function factsFixture(release: Release, changes: Partial<HostFacts> = {}): HostFacts {
  const { codename, openssh } = RELEASES[release];
  return {
    osId: "debian",
    osIdLike: [],
    osVersion: release,
    osCodename: codename,
    osPrettyName: `Debian GNU/Linux ${release} (${codename})`,
    kernelName: "Linux",
    kernelRelease: "6.1.0-1-amd64",
    architecture: "x86_64",
    hostname: "debian",
    init: "systemd",
    isContainer: false,
    loginUser: "root",
    bootId: "0d8b5d5e-4a1c-4a57-9d5c-1a2b3c4d5e6f",
    initStartTicks: "120",
    uptimeSeconds: 60,
    memoryMb: 1024,
    cpus: 1,
    addresses: ["10.0.0.11"],
    activeFirewalls: [],
    isSshSocketActive: false,
    selinux: "disabled",
    hasCloudInit: true,
    opensshVersion: openssh,
    ...changes,
  };
}

export const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpVq5hrtvpqlS5hnA1TL7lQbWj6QpY2BIQ4mCwbKQ7w ada@laptop";

export function userFixture(name: string, changes: Partial<User> = {}): User {
  return {
    name,
    fullName: undefined,
    uid: undefined,
    gid: undefined,
    groups: [],
    shell: undefined,
    keys: [KEY],
    sudo: "no",
    passwordHash: undefined,
      hasToolKeys: false,
    ...changes,
  };
}

const SSH: SshSettings = {
  port: 2849,
  identityFile: undefined,
  publicKey: KEY,
  jumpHost: undefined,
  configFile: undefined,
  connectTimeoutMs: 10_000,
  readyTimeoutMs: 60_000,
  phaseTimeoutMs: 600_000,
  rollbackMs: 60_000,
  identity: "proven",
};
const UPGRADES: Upgrades = { atBoot: "all", automatic: "security", reboot: "if-needed" };

export function serverFixture(changes: Partial<Server> = {}): Server {
  return {
    name: "web1",
    roles: ["application"],
    image: undefined,
    size: undefined,
    distro: undefined,
    ssh: SSH,
    locale: "C.UTF-8",
    timezone: "Etc/UTC",
    upgrades: UPGRADES,
    firewall: [
      { port: 80, protocol: "tcp", from: "anywhere", roles: [] },
      { port: 5432, protocol: "tcp", from: "stack", roles: [] },
      { port: "6000-6010", protocol: "udp", from: ["192.0.2.0/24", "2001:db8::/32"], roles: [] },
    ],
    ...changes,
  };
}

/** A secured stack of two, seen from web1, to which one came as root on port 22. */
export function contextFixture(
  release: Release,
  changes: Partial<BaselineContext> = {},
): BaselineContext {
  const server = changes.server ?? serverFixture();
  const stack: Stack = {
    name: "shop",
    configFile: "/home/ada/shop/bootmachine.config.ts",
    directory: "/home/ada/shop",
    // The baseline never asks the provider.
    provider: undefined as unknown as Stack["provider"],
    configurator: none(),
    distros: [debian()],
    master: undefined,
    ssh: SSH,
    operator: "ada",
    users: [
      userFixture("ada", { fullName: "Ada Lovelace", groups: ["ops"], sudo: "yes" }),
      userFixture("deploy", { uid: 1200, gid: 1200 }),
      userFixture("mail", { keys: [] }),
    ],
    groups: [{ name: "ops", gid: 1500 }],
    firewall: [],
    locale: "C.UTF-8",
    timezone: "Etc/UTC",
    upgrades: UPGRADES,
    servers: [server],
    concurrency: 10,
    tasks: {},
  };
  return {
    stack,
    server,
    facts: factsFixture(release),
    distro: debian(),
    members: [
      {
        name: "web1",
        roles: ["application"],
        privateAddresses: ["10.0.0.11"],
        publicAddresses: [],
      },
      {
        name: "db1",
        roles: ["database"],
        privateAddresses: ["10.0.0.12", "fd00::12"],
        publicAddresses: [],
      },
    ],
    arrivalPort: 22,
    arrivalUser: "root",
    ...changes,
  };
}
