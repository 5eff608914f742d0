import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ACCESS_KEY, SECRET_KEY } from "./ec2-world.ts";

/** The files that the AWS tools share, in a directory of their own, for a profile that is called "work". */
export class AwsFiles {
  readonly config: string;
  readonly credentials: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.config = join(directory, "config");
    this.credentials = join(directory, "credentials");
  }

  static async create(): Promise<AwsFiles> {
    return new AwsFiles(await mkdtemp(join(tmpdir(), "bootmachine-aws-")));
  }

  /** The SDK may be asking the program still, behind the test's back. */
  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Where the files are, and that there is no role of the computer to be asked for. The SDK reads it in the process's own. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_CONFIG_FILE: this.config,
      AWS_SHARED_CREDENTIALS_FILE: this.credentials,
      AWS_EC2_METADATA_DISABLED: "true",
    };
  }

  async writeConfig(...lines: readonly string[]): Promise<void> {
    await writeFile(this.config, `${lines.join("\n")}\n`);
  }

  /** As a login does that leaves a session. */
  async writeKeys(session: string): Promise<void> {
    await writeFile(
      this.credentials,
      `[work]\naws_access_key_id = ${ACCESS_KEY}\naws_secret_access_key = ${SECRET_KEY}\naws_session_token = ${session}\n`,
    );
  }

  /** A program that counts how often it is asked, and tells a session of that number. `then`: what it does in between. */
  async writeProgram({
    then = "",
    expiration = "2099-01-01T00:00:00Z",
    profile = "work",
  } = {}): Promise<void> {
    const [program, count] = [join(this.#directory, "program.sh"), this.#count];
    const keys = `"AccessKeyId":"${ACCESS_KEY}","SecretAccessKey":"${SECRET_KEY}"`;
    await writeFile(
      program,
      [
        `n=$(( $(cat ${count} 2>/dev/null || echo 0) + 1 ))`,
        `echo $n > ${count}`,
        then,
        `printf '{"Version":1,${keys},"SessionToken":"session-%s","Expiration":"${expiration}"}' $n`,
      ].join("\n"),
    );
    await this.writeConfig(
      `[profile ${profile}]`,
      "region = eu-central-1",
      `credential_process = sh ${program} --pin 4711`,
    );
  }

  /** How often the program was asked. */
  async asked(): Promise<number> {
    return Number(await readFile(this.#count, "utf8"));
  }

  get #count(): string {
    return join(this.#directory, "count");
  }
}
