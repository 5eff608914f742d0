import type { CliContext, ExitCode } from "../context.ts";
import type { OutputFlags } from "../flags.ts";

export type CompletionShell = "bash" | "zsh" | "fish";

/** The shell asks the program itself: `bootmachine __complete WORDS…` prints what may stand for the last word. */
const SCRIPTS: Readonly<Record<CompletionShell, string>> = {
  bash: `_bootmachine() {
  local IFS=$'\\n'
  COMPREPLY=($(bootmachine __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _bootmachine bootmachine
`,
  zsh: `#compdef bootmachine
_bootmachine() {
  local -a words_found
  words_found=("\${(@f)$(bootmachine __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${words_found[1]}" ]]; then
    compadd -a words_found
  else
    _files
  fi
}
compdef _bootmachine bootmachine
`,
  fish: `function __bootmachine_complete
  set -l before (commandline -opc)
  bootmachine __complete $before[2..] (commandline -ct) 2>/dev/null
end
complete -c bootmachine -f -a '(__bootmachine_complete)'
complete -c bootmachine -n '__fish_seen_subcommand_from put' -F
`,
};

export function completion(
  context: CliContext,
  _flags: OutputFlags,
  shell: CompletionShell,
): Promise<ExitCode> {
  context.stdout.write(SCRIPTS[shell]);
  return Promise.resolve(0);
}
