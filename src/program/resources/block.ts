import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { BlockResource, HostsEntriesResource } from "../resource.ts";
import { sh } from "../sh.ts";

export const BLOCK_FUNCTIONS = {
  p_block: sh`
# $1 path, $2 name, $3 content function, or "" to have no block.
# Sets p_old to the file's text and p_new to the wanted one, each behind a newline. Nothing outside of the marks changes.
p_block() {
  p_block_begin="# BEGIN bootmachine $2"
  p_block_end="# END bootmachine $2"
  p_find "$1"
  p_old=$p_nl
  case $p_kind in
  missing) ;;
  file)
    # The x keeps newlines at the end from being dropped.
    p_old=$(cat "$1" && p_line x) || { p_reason="$1 cannot be read"; return 3; }
    p_old=$p_nl\${p_old%x}
    case $p_old in *"$p_nl") ;; *) p_old=$p_old$p_nl ;; esac
    ;;
  *)
    p_reason="$1 is no file (it is: $p_kind), and is left alone"
    return 3
    ;;
  esac
  p_head=$p_old p_tail=
  p_insert=
  if [ -n "$3" ]; then
    p_insert=$("$3" && p_line x)
    p_insert=$p_block_begin$p_nl\${p_insert%x}$p_block_end$p_nl
  fi
  case $p_old in
  *"$p_nl$p_block_begin$p_nl"*)
    p_head=\${p_old%%"$p_nl$p_block_begin$p_nl"*}$p_nl
    p_tail=$p_nl\${p_old#*"$p_nl$p_block_begin$p_nl"}
    p_cut_to_end "$1" || return
    # More than one, by somebody's copy: the first place counts.
    while :; do
      case $p_nl$p_tail in
      *"$p_nl$p_block_begin$p_nl"*) ;;
      *) break ;;
      esac
      p_between=$p_nl$p_tail
      p_tail=$p_nl\${p_between#*"$p_nl$p_block_begin$p_nl"}
      p_between=\${p_between%%"$p_nl$p_block_begin$p_nl"*}
      p_between=\${p_between#"$p_nl"}
      p_cut_to_end "$1" || return
      [ -z "$p_between" ] || p_tail=$p_between$p_nl$p_tail
    done
    ;;
  esac
  p_new=$p_head$p_insert$p_tail
}
`,
  p_cut_to_end: sh`
# Takes from p_tail, which begins with a newline, all up to the end mark.
p_cut_to_end() {
  case $p_tail in
  *"$p_nl$p_block_end$p_nl"*) p_tail=\${p_tail#*"$p_nl$p_block_end$p_nl"} ;;
  *)
    p_reason="in $1 the line \"$p_block_begin\" has no \"$p_block_end\" after it; mend that by hand"
    return 3
    ;;
  esac
}
`,
  p_block_check: sh`
p_block_check() {
  p_block "$@" || return
  [ "$p_old" != "$p_new" ] || return 0
  p_found=$1
  [ "$p_kind" = file ] || p_found=/dev/null
  p_diff_content "$p_found" p_new_text
  return 1
}
`,
  p_new_text: sh`
p_new_text() { p_text "\${p_new#?}"; }
`,
} as const;

export const BLOCK_MENDING_FUNCTIONS = {
  p_block_mend: sh`
# Mode and owner stay as they are; a new file is 0644.
p_block_mend() {
  p_block "$@" || { echo "$p_reason" >&2; return 1; }
  p_parent "$1" || return
  p_is_writable_by root || return 1
  p_block_new=$(mktemp "$p_directory/.bootmachine.XXXXXX") || return
  if [ -e "$1" ]; then cp -p "$1" "$p_block_new"; else chmod 644 "$p_block_new"; fi &&
    p_new_text >"$p_block_new" && p_put_in_place "$p_block_new" "$1"
  p_status=$?
  [ "$p_status" -eq 0 ] || rm -f "$p_block_new"
  return "$p_status"
}
`,
} as const;

export function compileBlock(resource: BlockResource, context: CompileContext): CompiledResource {
  const { content } = resource;
  const text =
    resource.state === "absent"
      ? "''"
      : context.text(content === "" || content.endsWith("\n") ? content : `${content}\n`);
  const words = `${quote(resource.path)} ${quote(resource.name)} ${text}`;
  return {
    check: [`p_block_check ${words}`],
    mend: [`p_block_mend ${words}`],
    paths: [resource.path],
  };
}

export function compileHostsEntries(
  resource: HostsEntriesResource,
  context: CompileContext,
): CompiledResource {
  const lines = resource.entries.map(({ address, names }) => `${address}\t${names.join(" ")}\n`);
  return compileBlock(
    { type: "block", path: "/etc/hosts", name: "stack", content: lines.join("") },
    context,
  );
}
