import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { BlockResource, HostsEntriesResource } from "../resource.ts";
import { sh } from "../sh.ts";

/** By awk, in one pass: taking a long text apart in the shell's own variables takes a time that grows with its square. */
export const BLOCK_FUNCTIONS = {
  p_block: sh`
# $1 "compare" or "print", $2 the file, or /dev/null, $3 the block's name, $4 content function, or "" to have no block.
# compare: exit 0 where the block is as wanted and there once, 1 where not. print: writes the file as it should be; nothing
# outside of the marks changes. Both: exit 3 where a mark has no end.
p_block() {
  { [ -z "$4" ] || "$4"; } | awk -v mode="$1" -v wanted="\${4:+1}" \
    -v begin="# BEGIN bootmachine $3" -v end="# END bootmachine $3" '
    function put_block() {
      if (mode == "print" && wanted && !placed) printf "%s\n%s%s\n", begin, content, end
      placed = 1
    }
    BEGIN { while ((getline line < "-") > 0) content = content line "\n" }
    !inside && $0 == begin { inside = 1; blocks++; found = ""; put_block(); next }
    inside && $0 == end { inside = 0; next }
    inside { found = found $0 "\n"; next }
    mode == "print" { print }
    END {
      if (inside) exit 3
      put_block()
      if (mode == "compare") exit !(wanted ? blocks == 1 && found == content : blocks == 0)
    }' "$2"
}
`,
  p_block_check: sh`
# $1 path, $2 name, $3 content function or "".
p_block_check() {
  p_find "$1"
  p_block_path=$1 p_block_name=$2 p_block_content=$3
  case $p_kind in
  file) ;;
  missing)
    [ -n "$3" ] || return 0
    p_block_path=/dev/null
    ;;
  *)
    p_reason="$1 is no file (it is: $p_kind), and is left alone"
    return 3
    ;;
  esac
  p_block compare "$p_block_path" "$2" "$3"
  case $? in
  0) return 0 ;;
  1) p_diff_content "$p_block_path" p_block_new; return 1 ;;
  *) p_reason="in $1 the line \"# BEGIN bootmachine $2\" has no end mark after it; mend that by hand"; return 3 ;;
  esac
}
`,
  p_block_new: sh`
p_block_new() { p_block print "$p_block_path" "$p_block_name" "$p_block_content"; }
`,
} as const;

export const BLOCK_MENDING_FUNCTIONS = {
  p_block_mend: sh`
# $1 path, right after p_block_check. Mode and owner stay as they are; a new file is 0644.
p_block_mend() {
  p_parent "$1" || return
  p_is_writable_by root || return 1
  p_new=$(mktemp "$p_directory/.bootmachine.XXXXXX") || return
  if [ "$p_block_path" = /dev/null ]; then chmod 644 "$p_new"; else cp -p "$1" "$p_new"; fi &&
    p_block_new >"$p_new" && p_put_in_place "$p_new" "$1"
  p_status=$?
  [ "$p_status" -eq 0 ] || rm -f "$p_new"
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
    mend: [`p_block_mend ${quote(resource.path)}`],
    path: resource.path,
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
