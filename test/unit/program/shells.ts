import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { debian } from "../../../src/distros/debian.ts";
import type { Distro, DistroOperations } from "../../../src/distros/contract.ts";
import type { HostFacts } from "../../../src/host/facts.ts";
import { compileProgram } from "../../../src/program/compile-program.ts";
import type { ProgramMode } from "../../../src/program/program.ts";
import type { ProgramReport, ReportMessage, ResourceReport } from "../../../src/program/report.ts";
import { ReportParser } from "../../../src/program/report-parser.ts";
import type { Resource } from "../../../src/program/resource.ts";

export interface Shell {
  readonly name: string;
  readonly argv: readonly [program: string, ...args: string[]];
  /** The Debian package that has it. */
  readonly package: string;
}

/** The shells that a host may have as its `sh`. */
export const SHELLS: readonly Shell[] = [
  { name: "dash", argv: ["dash"], package: "dash" },
  { name: "busybox sh", argv: ["busybox", "sh"], package: "busybox" },
  { name: "bash --posix", argv: ["bash", "--posix"], package: "bash" },
  { name: "mksh", argv: ["mksh"], package: "mksh" },
];

/** Runs a shell; one that is not installed fails the test with its package's name. */
export function runShell(
  shell: Shell,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): { readonly status: number | null; readonly stdout: Buffer; readonly stderr: string } {
  const [program, ...first] = shell.argv;
  const result = spawnSync(program, [...first, ...args], {
    input: options.input ?? "",
    env: options.env ?? process.env,
    maxBuffer: 1 << 28,
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  if (result.error !== undefined) {
    throw new Error(
      `${shell.name} cannot be run (${result.error.message}): the tests need the package ${shell.package}`,
    );
  }
  return { status: result.status, stdout: result.stdout, stderr: result.stderr.toString("utf8") };
}

export const FACTS: HostFacts = {
  osId: "debian",
  osIdLike: [],
  osVersion: "12",
  osCodename: "bookworm",
  osPrettyName: "Debian GNU/Linux 12 (bookworm)",
  kernelName: "Linux",
  kernelRelease: "6.1.0-18-amd64",
  architecture: "x86_64",
  hostname: "web1",
  init: "systemd",
  isContainer: false,
  loginUser: "root",
  bootId: "6a1c0000-0000-4000-8000-000000000000",
  initStartTicks: "100",
  uptimeSeconds: 1000,
  memoryMb: 2048,
  cpus: 2,
  addresses: [],
  activeFirewalls: [],
  isSshSocketActive: false,
  selinux: "disabled",
  hasCloudInit: false,
  opensshVersion: "OpenSSH_9.2p1",
};

/** Debian, with some operations replaced. */
export function distroWith(
  operations: Partial<DistroOperations> = {},
  overrides: Partial<Distro> = {},
): Distro {
  const base = debian();
  return {
    ...base,
    operations: (facts) => ({ ...base.operations(facts), ...operations }),
    ...overrides,
  };
}

export interface ScratchRun {
  readonly report: ProgramReport;
  readonly messages: readonly ReportMessage[];
  readonly stderr: string;
  readonly lines: readonly string[];
}

/** A directory of a test's own, in which programs run that keep their state there too. */
export class Scratch {
  readonly path: string;
  readonly shell: Shell;
  readonly distro: Distro;

  constructor(shell: Shell, distro: Distro = distroWith()) {
    this.path = mkdtempSync(join(tmpdir(), "bm-program-"));
    this.shell = shell;
    this.distro = distro;
    mkdirSync(join(this.path, "state"), { mode: 0o700 });
  }

  /** Where triggers are noted. */
  get pending(): string {
    return join(this.path, "state/pending");
  }

  /** `reading`: see `CompileOptions`. */
  text(mode: ProgramMode, resources: readonly Resource[], reading?: string): string {
    const { text } = compileProgram(resources, {
      title: "test web1: scratch",
      mode,
      distro: this.distro,
      facts: FACTS,
      ...(reading === undefined ? {} : { reading }),
    });
    return text.replaceAll("/var/lib/bootmachine", join(this.path, "state"));
  }

  run(mode: ProgramMode, resources: readonly Resource[], reading?: string): ScratchRun {
    const file = join(this.path, "program");
    writeFileSync(file, this.text(mode, resources, reading));
    return this.runFile(file);
  }

  /** Runs a program's text as it lies in a file. */
  runFile(file: string): ScratchRun {
    const { status, stdout, stderr } = runShell(this.shell, [file]);
    const lines = stdout.toString("utf8").split("\n");
    const parser = new ReportParser();
    const messages = lines.flatMap((line) => parser.push(line) ?? []);
    const report = parser.report();
    if (report === undefined || report.status !== status) {
      throw new Error(
        `no whole report (exit status ${status}):\n${stdout.toString("utf8")}\n${stderr}`,
      );
    }
    return { report, messages, stderr, lines };
  }

  apply(...resources: readonly Resource[]): readonly ResourceReport[] {
    return this.run("apply", resources).report.resources;
  }

  check(...resources: readonly Resource[]): readonly ResourceReport[] {
    return this.run("check", resources).report.resources;
  }

  /** Plain shell text, for setting a scene. */
  sh(text: string): void {
    const { status, stderr } = runShell(this.shell, ["-c", text]);
    if (status !== 0) throw new Error(stderr);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function statuses(reports: readonly ResourceReport[]): readonly string[] {
  return reports.map(({ status }) => status);
}
