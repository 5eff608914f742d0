// Says which packages of the operating system a piece of work needs on this computer, and installs those
// that are missing. Each is named, with what it is for, before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

export type Purpose =
  | "check"
  | "local servers"
  | "salt packages"
  | "ec2 tests"
  | "openstack control plane"
  | "bench";

interface NeededPackage {
  readonly name: string;
  readonly why: string;
}

const PACKAGES: Readonly<Record<Purpose, readonly NeededPackage[]>> = {
  check: [
    { name: "busybox", why: "its sh is one of the four shells that programs are tested in" },
    { name: "mksh", why: "one of the four shells that programs are tested in" },
    { name: "openssh-client", why: "ssh and ssh-keygen, which the tests call as users do" },
    { name: "openssl", why: "what is run at Puppet's certificate authority is tried with it" },
  ],
  "local servers": [
    { name: "systemd-container", why: "systemd-nspawn runs the servers" },
    { name: "mmdebstrap", why: "builds the servers' images" },
    { name: "nftables", why: "the servers' way out to the network" },
    { name: "iproute2", why: "the servers' bridge" },
    { name: "debian-archive-keyring", why: "the keys that Debian's archive is signed with" },
    { name: "openssh-client", why: "the way to the servers" },
  ],
  "salt packages": [
    { name: "python3", why: "makes packages of Salt, which is in no archive of Debian's" },
    { name: "python3-pip", why: "fetches Salt and its modules from PyPI" },
    { name: "gnupg", why: "signs the repository that the packages are in" },
  ],
  "ec2 tests": [
    { name: "python3-venv", why: "moto, which speaks EC2's API, gets a virtual environment" },
  ],
  "openstack control plane": [
    { name: "python3-keystone", why: "OpenStack's identity service" },
    { name: "python3-placement", why: "OpenStack's placement service" },
    { name: "python3-glance", why: "OpenStack's image service" },
    { name: "python3-neutron", why: "OpenStack's network service" },
    { name: "python3-nova", why: "OpenStack's compute service" },
    { name: "python3-pymysql", why: "OpenStack's way to its database" },
    { name: "uwsgi-core", why: "serves keystone and placement" },
    { name: "uwsgi-plugin-python3", why: "serves keystone and placement" },
    { name: "mariadb-server-core", why: "OpenStack's database" },
    { name: "mariadb-client-core", why: "makes OpenStack's databases" },
    { name: "rabbitmq-server", why: "the bus between OpenStack's services" },
  ],
  bench: [
    { name: "ansible-core", why: "what bootmachine is measured against" },
    { name: "python3", why: "Ansible needs it" },
  ],
};

export interface Readiness {
  readonly isReady: boolean;
  /** One sentence where it is not. */
  readonly reason: string;
}

/** Makes sure that the packages for the purposes are there. Prints what it does. */
export function installFor(purposes: readonly Purpose[]): Readiness {
  if (process.platform !== "linux") {
    return notReady(
      `this is ${process.platform}, and local servers need Linux. What works here: npm run check.`,
    );
  }
  const wanted = purposes.flatMap((purpose) => PACKAGES[purpose]);
  if (spawnSync("dpkg-query", ["--version"]).status !== 0) {
    return notReady(
      `this is no Debian or Ubuntu; install ${wanted.map(({ name }) => name).join(", ")} (or what they are called here) by hand.`,
    );
  }
  const missing = wanted.filter(({ name }) => !isInstalled(name));
  if (missing.length === 0) return { isReady: true, reason: "" };
  const isRoot = process.getuid?.() === 0;
  const names = missing.map(({ name }) => name);
  if (!isRoot && spawnSync("sudo", ["--version"]).status !== 0) {
    return notReady(
      `these packages are missing, and we are not root and have no sudo: ${names.join(", ")}. What works here: npm run check.`,
    );
  }
  console.log("These packages of the operating system are missing and will be installed:");
  for (const { name, why } of missing) console.log(`  ${name.padEnd(18)} ${why}`);
  const apt = (...words: readonly string[]): boolean => {
    const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", ...words];
    const [program = "", ...parameters] = isRoot ? command : ["sudo", ...command];
    return spawnSync(program, parameters, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
  };
  const options = ["-o", "DPkg::Lock::Timeout=120", "--no-install-recommends", "install", ...names];
  // The lists of a fresh computer may be empty or old: refresh them when the first try fails.
  const install = (): boolean => apt(...options) || (apt("update") && apt(...options));
  // Our tests start what they need by themselves: no package may start a service of its own for good.
  const isDone = isRoot ? withoutServices(install) : install();
  return isDone ? { isReady: true, reason: "" } : notReady("apt-get failed; its message is above.");
}

/** Asked by Debian's maintainer scripts before they start a service; 101: forbidden. See invoke-rc.d(8). */
const POLICY = "/usr/sbin/policy-rc.d";

function withoutServices<T>(work: () => T): T {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}

function notReady(reason: string): Readiness {
  return { isReady: false, reason };
}

function isInstalled(name: string): boolean {
  const query = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status}", name], {
    encoding: "utf8",
  });
  return query.status === 0 && query.stdout === "installed";
}
