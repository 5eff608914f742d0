import { spawnSync } from "node:child_process";

/** Runs a program to its end. @throws Error with what it said */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): string {
  const result = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout: 900_000,
    ...options,
  });
  if (result.status === 0) return result.stdout;
  throw new Error(
    `${program} ${args.slice(0, 3).join(" ")} failed (${result.status ?? result.signal ?? result.error?.message}):\n${result.stdout}\n${result.stderr}`,
  );
}
