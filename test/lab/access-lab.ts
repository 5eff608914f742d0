import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { pinHostKeys } from "../../src/host/known-hosts.ts";
import { local } from "../../src/providers/local/local.ts";
import type { ProviderContext } from "../../src/providers/contract.ts";
import type { SshOptions, Transport } from "../../src/transport/contract.ts";
import { openSsh } from "../../src/transport/open-ssh.ts";
import type { ControllerJob, ControllerLine } from "./access-controller.ts";
import { QUICK_LOGINS } from "./quick-logins.ts";

const run = promisify(execFile);
const CONTROLLER = resolve(import.meta.dirname, "access-controller.ts");
const CONTROLLER_LIMIT_MS = 180_000;

/** How long the host waits for a confirmation where a test waits for its end, ms. */
export const ROLLBACK_MS = 15_000;
/** … and where it must not end, on a computer that is busy with other servers. */
const PATIENT_ROLLBACK_MS = 120_000;
export const OLD_WAY = { user: "root", port: 22 } as const;
export const NEW_WAY = { user: "ada", port: 2849 } as const;

export interface Way {
  readonly user: string;
  readonly port: number;
}

export interface ControllerOutcome {
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly ControllerLine[];
  readonly stderr: string;
  /** "open started", "rolled-back done" … */
  readonly steps: readonly string[];
  /** The texts of the events, one a line. */
  readonly said: string;
  readonly error: Extract<ControllerLine, { error: unknown }>["error"] | undefined;
  readonly outcome: Way | undefined;
}

/** Servers of the local provider whose way in is changed by controllers that may be killed. */
export class AccessLab {
  readonly directory: string;
  readonly transport: Transport;
  readonly #provider = local();
  readonly #context: ProviderContext;
  readonly #servers: string[] = [];
  #count = 0;

  private constructor(directory: string) {
    this.directory = directory;
    this.transport = openSsh({ controlDirectory: join(directory, "t") });
    this.#context = {
      stack: `access-${randomBytes(3).toString("hex")}`,
      signal: new AbortController().signal,
      progress: () => undefined,
    };
  }

  static async start(): Promise<AccessLab> {
    const lab = new AccessLab(await mkdtemp(join(tmpdir(), "bma-")));
    for (const name of ["right", "wrong"]) {
      await run("ssh-keygen", [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        name,
        "-f",
        join(lab.directory, name),
      ]);
    }
    return lab;
  }

  /** A new server, to which root gets in on port 22 with the key "right". */
  async boot(image: string): Promise<AccessServer> {
    this.#count += 1;
    const name = `s${this.#count}`;
    this.#servers.push(name);
    const key = (await readFile(join(this.directory, "right.pub"), "utf8")).trim();
    const machine = await this.#provider.ensure(
      {
        server: name,
        roles: [],
        image,
        bootstrapKeys: [key],
        token: randomBytes(8).toString("hex"),
      },
      this.#context,
    );
    const identity = await this.#provider.identity(machine, this.#context);
    const knownHostsFile = join(this.directory, "known_hosts");
    await pinHostKeys(knownHostsFile, name, identity.keys);
    const [address] = machine.publicAddresses;
    if (address === undefined) throw new Error(`${name} has no address`);
    const server = new AccessServer(this, name, address, key, () =>
      this.#provider.reboot(machine, "hard", this.#context),
    );
    await server.waitFor(OLD_WAY);
    return server;
  }

  sshOptions(server: string): SshOptions {
    return {
      knownHostsFile: join(this.directory, "known_hosts"),
      hostKeyAlias: server,
      identityFile: join(this.directory, "right"),
      configFile: QUICK_LOGINS,
      connectTimeoutMs: 5_000,
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#servers.map((name) => this.#provider.destroy(name, this.#context)));
    await this.#provider.destroyShared?.(this.#context);
    await rm(this.directory, { recursive: true, force: true });
  }
}

export class AccessServer {
  readonly lab: AccessLab;
  readonly name: string;
  readonly address: string;
  /** The operator's public key. */
  readonly key: string;
  /** From outside: nobody has to get in for it. */
  readonly reboot: () => Promise<void>;
  #jobs = 0;

  constructor(
    lab: AccessLab,
    name: string,
    address: string,
    key: string,
    reboot: () => Promise<void>,
  ) {
    this.lab = lab;
    this.name = name;
    this.address = address;
    this.key = key;
    this.reboot = reboot;
  }

  /** Runs a controller that secures this server, to its end, whichever that is. */
  async secure(changes: Partial<ControllerJob> = {}): Promise<ControllerOutcome> {
    this.#jobs += 1;
    const job: ControllerJob = {
      server: this.name,
      address: this.address,
      controlDirectory: join(this.lab.directory, `${this.name}${this.#jobs}`),
      knownHostsFile: join(this.lab.directory, "known_hosts"),
      identityFile: join(this.lab.directory, "right"),
      operatorKeys: [this.key],
      port: NEW_WAY.port,
      arrival: OLD_WAY,
      rollbackMs: PATIENT_ROLLBACK_MS,
      connectTimeoutMs: 20_000,
      operatorName: NEW_WAY.user,
      operator: {},
      others: [],
      openPorts: [],
      ...changes,
    };
    const file = join(this.lab.directory, `${this.name}-${this.#jobs}.json`);
    await writeFile(file, JSON.stringify(job));
    const child = spawn(process.execPath, [CONTROLLER, file], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: CONTROLLER_LIMIT_MS,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const signal = await new Promise<NodeJS.Signals | null>((done) => {
      // Not "close": the links that a killed controller leaves behind hold its pipes.
      child.on("exit", (_status, by) => setTimeout(() => done(by), 100));
    });
    child.stdout.destroy();
    child.stderr.destroy();
    const lines = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ControllerLine);
    const events = lines.flatMap((line) => ("event" in line ? [line.event] : []));
    return {
      signal,
      lines,
      stderr,
      steps: events.map(({ step, state }) => `${step} ${state}`),
      said: events.map(({ text }) => text).join("\n"),
      error: lines.flatMap((line) => ("error" in line ? [line.error] : [])).at(-1),
      outcome: lines.flatMap((line) => ("outcome" in line ? [line.outcome] : [])).at(-1),
    };
  }

  /** One attempt by one way; throws where it does not let us in. Returns what the script printed. */
  async over(way: Way, script: string): Promise<string> {
    const connection = await this.lab.transport.connect(
      { server: this.name, address: this.address, ...way },
      this.lab.sshOptions(this.name),
    );
    try {
      const { status, stdout, stderr } = await connection.run(script, { timeoutMs: 30_000 });
      if (status !== 0) throw new Error(`status ${status} of ${script}: ${stdout}${stderr}`);
      return stdout;
    } finally {
      await connection.close();
    }
  }

  async opens(way: Way): Promise<boolean> {
    return this.over(way, "true").then(
      () => true,
      () => false,
    );
  }

  /** Waits until this way lets us in and nothing is under way on the host any more. */
  async waitFor(way: Way, limitMs = ROLLBACK_MS + 45_000): Promise<void> {
    const end = performance.now() + limitMs;
    let last: unknown;
    while (performance.now() < end) {
      try {
        await this.over(
          way,
          "cd /var/lib/bootmachine/access 2>/dev/null || exit 0; [ ! -e armed ] && [ ! -e restoring ]",
        );
        return;
      } catch (error) {
        last = error;
        // Not more often: a login takes a sixth of a second of processor time.
        await new Promise((done) => setTimeout(done, 1_000));
      }
    }
    throw new Error(`${this.name} does not let ${way.user} in on port ${way.port}`, {
      cause: last,
    });
  }

  /** The lines of accounts that were there before a change, and their places in groups, which a restore puts back. */
  async accounts(way: Way): Promise<string> {
    return this.over(
      way,
      "grep -hE '^(root|ada|grace):' /etc/passwd /etc/shadow; grep -hE '(ada|grace)' /etc/group /etc/gshadow; stat -c '%n %U %G' /home/*/.ssh/authorized_keys; ls /etc/*.bootmachine-restore 2>/dev/null; true",
    );
  }

  /** All that a restore has to put back, as text to compare. */
  async state(way: Way): Promise<string> {
    return this.over(
      way,
      `cd /; find etc/ssh etc/nftables.d etc/systemd/system etc/sudoers.d root/.ssh home/*/.ssh var/lib/bootmachine/users -type f -o -type l 2>/dev/null | sort | while read -r f; do stat -c '%n %a %U %N' "$f"; [ -f "$f" ] && cksum <"$f"; done
nft list tables; nft -s list table inet bootmachine 2>/dev/null; ss -Hltn | awk '{ print $4 }' | sort; systemctl --failed --no-legend | grep -E 'ssh|bootmachine'; true`,
    );
  }
}
