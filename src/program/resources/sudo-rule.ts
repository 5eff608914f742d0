import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { SudoRuleResource } from "../resource.ts";
import { sh } from "../sh.ts";
import { compileFile, fileCommands, type FileSystem, rootGroup, type WantedFile } from "./files.ts";

export const SUDO_MENDING_FUNCTIONS = {
  p_sudo_mend: sh`
# $1 path, then a function that puts the file in place. The rule by itself was valid; the whole must be as well,
# or sudo refuses everybody: then the old state comes back.
p_sudo_mend() {
  command -v visudo >/dev/null 2>&1 || { echo 'visudo is not here: install sudo first' >&2; return 1; }
  p_kept=
  if [ -f "$1" ]; then
    # A name with a dot is not read by sudo.
    p_kept=$1.bootmachine-kept
    cp -p "$1" "$p_kept" || return
  fi
  "$2"
  p_result=$?
  if [ "$p_result" -eq 0 ] && ! visudo -c >/dev/null 2>&1; then
    visudo -c >&2
    p_result=1
    if [ -n "$p_kept" ]; then mv -f "$p_kept" "$1"; else rm -f "$1"; fi
  fi
  [ -z "$p_kept" ] || rm -f "$p_kept"
  return "$p_result"
}
`,
} as const;

/** The file that a sudo rule is; for "absent" the one that must not be there. */
export function sudoRuleFile(resource: SudoRuleResource, system: FileSystem): WantedFile {
  const directory =
    system.facts.kernelName === "Linux" ? "/etc/sudoers.d" : "/usr/local/etc/sudoers.d";
  return {
    path: `${directory}/${resource.name}`,
    content: `# Written by bootmachine, and put back by it when it is changed.\n${resource.rules.join("\n")}\n`,
    mode: "0440",
    owner: "root",
    group: rootGroup(system),
    validate: `visudo -cf "$1" >/dev/null`,
  };
}

export function compileSudoRule(
  resource: SudoRuleResource,
  context: CompileContext,
): CompiledResource {
  const file = sudoRuleFile(resource, context);
  const { path } = file;
  if (resource.state === "absent") {
    return compileFile({ type: "file", path, state: "absent" }, context);
  }
  const { check, mend } = fileCommands(file, context);
  return {
    check: [check],
    mend: [`p_sudo_mend ${quote(path)} ${context.part(mend)}`],
    path,
  };
}
