import type { BaselineContext } from "../../../src/baseline/context.ts";
import { none } from "../../../src/configurators/none.ts";
import { debian } from "../../../src/distros/debian.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import type { Provider } from "../../../src/providers/contract.ts";
import type { Server, SshSettings, Stack, User } from "../../../src/stack/stack.ts";

export const FACTS: HostFacts = {
  osId: "debian",
  osIdLike: [],
  osVersion: "12",
  osCodename: "bookworm",
  osPrettyName: "Debian GNU/Linux 12 (bookworm)",
  kernelName: "Linux",
  kernelRelease: "6.1.0",
  architecture: "x86_64",
  hostname: "web1",
  init: "systemd",
  isContainer: false,
  loginUser: "ada",
  bootId: "",
  initStartTicks: "",
  uptimeSeconds: 100,
  memoryMb: 1024,
  cpus: 1,
  addresses: ["127.0.0.1"],
  activeFirewalls: [],
  isSshSocketActive: false,
  selinux: "disabled",
  hasCloudInit: false,
  opensshVersion: "OpenSSH_9.2p1",
};

const SSH: SshSettings = {
  port: 2849,
  identityFile: undefined,
  publicKey: "ssh-ed25519 AAAA ada",
  jumpHost: undefined,
  configFile: "none",
  connectTimeoutMs: 2000,
  readyTimeoutMs: 1000,
  phaseTimeoutMs: 1000,
  rollbackMs: 1000,
  identity: "proven",
};

const ADA: User = {
  name: "ada",
  fullName: "Ada Lovelace",
  uid: undefined,
  gid: undefined,
  groups: [],
  shell: undefined,
  keys: ["ssh-ed25519 AAAA ada"],
  sudo: "nopasswd",
  passwordHash: undefined,
  hasToolKeys: false,
};

const UPGRADES = { atBoot: "all", automatic: "security", reboot: "if-needed" } as const;

export const SERVER: Server = {
  name: "web1",
  roles: [],
  image: undefined,
  size: undefined,
  distro: undefined,
  ssh: SSH,
  locale: "C.UTF-8",
  timezone: "Etc/UTC",
  upgrades: UPGRADES,
  firewall: [{ port: 443, protocol: "tcp", from: "anywhere", roles: [] }],
};

/** The proof never asks the provider. */
const PROVIDER: Provider = {
  kind: "provider",
  apiVersion: 1,
  name: "nowhere",
  capabilities: {
    creates: false,
    reboots: false,
    console: false,
    images: false,
    sizes: false,
    identity: ["pinned"],
  },
  observe: () => Promise.resolve([]),
  list: () => Promise.resolve([]),
  ensure: () => Promise.reject(new Error("not asked for")),
  identity: () => Promise.reject(new Error("not asked for")),
  destroy: () => Promise.resolve({ existed: false }),
  reboot: () => Promise.resolve(),
  console: () => Promise.resolve(""),
  images: () => Promise.resolve([]),
  sizes: () => Promise.resolve([]),
  check: () => [],
};

export const STACK: Stack = {
  name: "shop",
  configFile: "/nowhere/bootmachine.config.ts",
  directory: "/nowhere",
  provider: PROVIDER,
  configurator: none(),
  distros: [debian()],
  master: undefined,
  ssh: SSH,
  operator: "ada",
  users: [ADA, { ...ADA, name: "bob", sudo: "no", passwordHash: "$y$j9T$secret-hash" }],
  groups: [],
  firewall: [],
  locale: "C.UTF-8",
  timezone: "Etc/UTC",
  upgrades: UPGRADES,
  servers: [SERVER],
  concurrency: 10,
  tasks: {},
};

export const CONTEXT: BaselineContext = {
  stack: STACK,
  server: SERVER,
  facts: FACTS,
  distro: debian(),
  members: [
    { name: "web1", roles: [], privateAddresses: ["10.0.0.9"], publicAddresses: ["10.0.0.9"] },
  ],
  arrivalPort: 22,
  arrivalUser: "root",
};
