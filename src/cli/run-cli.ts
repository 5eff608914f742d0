import type { Surroundings } from "./context.ts";

/**
 * Runs one command line and answers with its exit status, 0 to 255. Never throws for what a user can cause.
 *
 * @param argv the words after the program's name
 */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [first, ...others] = argv;
  if (
    first === undefined ||
    first === "--help" ||
    first === "-h" ||
    (first === "help" && others.length === 0)
  ) {
    const { renderRootHelp } = await import("./root-help.ts");
    surroundings.stdout.write(renderRootHelp(surroundings.version));
    return 0;
  }
  if (first === "--version" || first === "-V") {
    surroundings.stdout.write(`${surroundings.version}\n`);
    return 0;
  }
  if (first === "__complete") {
    const { complete } = await import("./complete.ts");
    const context = {
      ...surroundings,
      process: { ...surroundings },
      tail: undefined,
      told: { runError: false },
    };
    const found = await complete(others, context).catch(() => []);
    if (found.length > 0) surroundings.stdout.write(`${found.join("\n")}\n`);
    return 0;
  }
  // `help up` is `up --help`; an unknown name gets the parser's "did you mean".
  const words = first === "help" ? [...others, "--help"] : argv;
  const [{ run }, { makeApplication }] = await Promise.all([
    import("@stricli/core"),
    import("./application.ts"),
  ]);
  const { head, tail } = splitTail(words);
  const notAFlag = head.find(looksLikeUnreadableFlag);
  if (notAFlag !== undefined) {
    surroundings.stderr.write(
      `error USAGE: there is no flag "${notAFlag}". See the command's \`--help\`; a file that begins with a dash is written "./-file".\n`,
    );
    return 2;
  }
  const process: {
    exitCode?: number | string | null;
    readonly stdout: Surroundings["stdout"];
    readonly stderr: Surroundings["stderr"];
  } = {
    stdout: surroundings.stdout,
    stderr: surroundings.stderr,
  };
  await run(makeApplication(), head, { ...surroundings, process, tail, told: { runError: false } });
  return mapExitCode(Number(process.exitCode ?? 0));
}

/**
 * What the parser would take for a name or a value although it was meant as a flag: `--x`, `--yes=`, `-1`, `-y=`. It reads
 * `-abc`, `--two`, `--two=value` and `-a=value` as flags, and says itself when it does not know them.
 */
function looksLikeUnreadableFlag(word: string): boolean {
  return (
    /^-./.test(word) &&
    !/^-[a-z]+$/i.test(word) &&
    !/^-[a-z]=.+$/i.test(word) &&
    !/^--[a-z][-a-z.\d_]+(?:=.+)?$/i.test(word)
  );
}

/** What stands after the first `--` is not for us to parse. */
function splitTail(words: readonly string[]): {
  readonly head: readonly string[];
  readonly tail: readonly string[] | undefined;
} {
  const index = words.indexOf("--");
  if (index === -1) return { head: words, tail: undefined };
  return { head: words.slice(0, index), tail: words.slice(index + 1) };
}

/**
 * A command's own status is passed on: one of ours (`ExitCode`), or ssh's. The parser's are negative: -5 and -4 are the
 * user's, the others are defects of ours.
 */
function mapExitCode(status: number): number {
  if (Number.isInteger(status) && status >= 0 && status <= 255) return status;
  return status === -4 || status === -5 ? 2 : 70;
}
