import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../errors/error.ts";
import { cloudInitSeed } from "./cloud-init-seed.ts";
import { runCommand } from "./command.ts";
import type { MachineRecord } from "./machine-store.ts";
import { parseNetwork } from "./network-plan.ts";
import type { LocalNetwork } from "./network.ts";
import { APT_SCRIPT } from "./package-cache-process.ts";
import { renderResolver, type Resolver } from "./resolver.ts";

export interface HostKey {
  /** `TYPE BASE64`. */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Makes a server's host key before the server exists: that is why it can be proven. */
export async function makeHostKey(signal: AbortSignal): Promise<HostKey> {
  const directory = await mkdtemp(join(tmpdir(), "bootmachine-"));
  try {
    const file = join(directory, "key");
    await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], {
      signal,
    });
    const [type = "", base64 = ""] = (await readFile(`${file}.pub`, "utf8")).trim().split(" ");
    return { publicKey: `${type} ${base64}`, privateKey: await readFile(file, "utf8") };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** First line of files that we keep up to date as long as nobody on the server wrote them anew. */
const OURS = "# written by bootmachine for a local server\n";

/** Writes what a new server needs into its own layer, above the image. Can be repeated. */
export async function writeServerFiles(
  directory: string,
  record: MachineRecord,
  network: LocalNetwork,
  bootstrapKeys: readonly string[],
  hostKey: string,
  aptCache: { readonly settings: string; readonly script: string } | undefined,
  userData: string | undefined,
): Promise<void> {
  const layer = new Layer(join(directory, "upper"), record.imageDirectory);
  await mkdir(join(directory, "upper"), { recursive: true, mode: 0o755 });
  await mkdir(join(directory, "work"), { recursive: true, mode: 0o755 });
  await mkdir(join(directory, "root"), { recursive: true, mode: 0o755 });
  await chmod(join(directory, "upper"), 0o755);
  await layer.write("etc/hostname", `${record.server}\n`);
  await layer.write(
    "etc/hosts",
    `127.0.0.1 localhost\n127.0.1.1 ${record.server}\n::1 localhost ip6-localhost ip6-loopback\n`,
  );
  await layer.write("etc/machine-id", `${record.uuid}\n`, 0o444);
  await layer.write("etc/ssh/ssh_host_ed25519_key", hostKey, 0o600);
  await layer.write(
    "etc/ssh/ssh_host_ed25519_key.pub",
    `${record.hostKey} root@${record.server}\n`,
  );
  await layer.write("root/.ssh/authorized_keys", `${bootstrapKeys.join("\n")}\n`, 0o600, 0o700);
  // The address is set from outside. Where the image has a network manager of its own, it is told the same.
  if (await layer.imageHas("usr/lib/systemd/systemd-networkd")) {
    await layer.write("etc/systemd/network/10-bootmachine.network", networkdFile(record, network));
  }
  if (await layer.imageHas("etc/NetworkManager")) {
    await layer.write(
      "etc/NetworkManager/conf.d/10-bootmachine.conf",
      "[keyfile]\nunmanaged-devices=interface-name:host0\n",
    );
  }
  if (aptCache !== undefined && (await layer.imageHas("etc/apt/apt.conf.d"))) {
    await layer.write("etc/apt/apt.conf.d/00bootmachine-cache", aptCache.settings);
    await layer.write(APT_SCRIPT.slice(1), aptCache.script, 0o755);
  }
  if (userData === undefined) return;
  if (!(await layer.imageHas("usr/bin/cloud-init"))) {
    throw new UserError(
      "IMAGE_UNKNOWN",
      `The image ${record.image} has no cloud-init, and local({ userData }) is for it.`,
      { server: record.server, hint: "Give an image that has it, or leave userData out." },
    );
  }
  for (const { path, content, mode } of cloudInitSeed(record, userData)) {
    await layer.write(path, content, mode);
  }
}

/** Resolvers change when a laptop moves: written at each start, unless the server has its own by now. */
export async function writeResolver(
  directory: string,
  record: MachineRecord,
  resolver: Resolver,
): Promise<void> {
  const file = join(directory, "upper/etc/resolv.conf");
  const present = await readFile(file, "utf8").catch(() => OURS);
  if (!present.startsWith(OURS)) return;
  await new Layer(join(directory, "upper"), record.imageDirectory).write(
    "etc/resolv.conf",
    OURS + renderResolver(resolver),
  );
}

function networkdFile(record: MachineRecord, network: LocalNetwork): string {
  const length = parseNetwork(network.network).prefixLength;
  return [
    "[Match]",
    "Name=host0",
    "[Network]",
    `Address=${record.address}/${length}`,
    `Address=${record.address6}/64`,
    "KeepConfiguration=yes",
    "LinkLocalAddressing=ipv6",
    "IPv6AcceptRA=no",
    "",
  ].join("\n");
}

/** The upper directory of an overlay: directories made in it must look like those of the image below, whose look they take over. */
class Layer {
  readonly #upper: string;
  readonly #image: string;

  constructor(upper: string, image: string) {
    this.#upper = upper;
    this.#image = image;
  }

  async imageHas(path: string): Promise<boolean> {
    return await access(join(this.#image, path)).then(
      () => true,
      () => false,
    );
  }

  async write(path: string, content: string, mode = 0o644, directoryMode = 0o755): Promise<void> {
    await this.#makeDirectory(dirname(path), directoryMode);
    const file = join(this.#upper, path);
    await writeFile(`${file}.new`, content, { mode });
    await chmod(`${file}.new`, mode);
    await rename(`${file}.new`, file);
  }

  async #makeDirectory(path: string, mode: number): Promise<void> {
    if (path === ".") return;
    const present = await stat(join(this.#upper, path)).catch(() => undefined);
    if (present !== undefined) return;
    await this.#makeDirectory(dirname(path), 0o755);
    const below = await stat(join(this.#image, path)).catch(() => undefined);
    await mkdir(join(this.#upper, path));
    await chmod(join(this.#upper, path), below === undefined ? mode : below.mode & 0o7777);
  }
}
