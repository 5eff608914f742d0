import { sh } from "../sh.ts";

/**
 * Files, directories and symbolic links.
 *
 * A symbolic link at a managed path is never followed: it counts as a difference, and is replaced by what is wanted.
 * Links above it are followed. Root writes only where root alone decides what a name means: each directory up to "/"
 * must be root's, and writable by all only with the sticky bit. Elsewhere (a user's home) the owner's own power
 * is used, so that a link that a user has laid leads no further than that user could go.
 */
export const FILE_FUNCTIONS = {
  p_look: sh`
# Looks at all the paths of the program at once, so that a check of one needs no process. What is found of the path with
# number N stands in p_seen_N (KIND|MODE|OWNER|GROUP|PATH) and, of a file, in p_sum_N (SHA-256). Lists and paths are in the
# same order, and a list lacks what is not there.
p_look() {
  p_rest=$(p_stat "$@")$p_nl
  p_number=0
  p_regular=
  for p_path do
    shift
    p_number=$((p_number + 1))
    p_first=\${p_rest%%"$p_nl"*}
    p_name=\${p_first#*"|"*"|"*"|"*"|"}
    if [ -z "$p_first" ] || [ "$p_name" != "$p_path" ]; then p_first= p_name=; fi
    eval "p_seen_$p_number=\$p_first p_sum_$p_number="
    [ -n "$p_first" ] || continue
    p_rest=\${p_rest#"$p_first$p_nl"}
    # Only regular files: a pipe would never end.
    case $p_first in
    [Rr]egular*)
      set -- "$@" "$p_path"
      p_regular="$p_regular $p_number"
      ;;
    esac
  done
  if [ $# -eq 0 ] || ! command -v sha256sum >/dev/null 2>&1; then return 0; fi
  p_rest=$(sha256sum "$@" 2>/dev/null)$p_nl
  for p_number in $p_regular; do
    p_first=\${p_rest%%"$p_nl"*}
    [ "\${p_first#*"  "}" = "$1" ] || break
    p_rest=\${p_rest#"$p_first$p_nl"}
    p_first=\${p_first%% *}
    eval "p_sum_$p_number=\$p_first"
    shift
  done
}
`,
  p_find: sh`
# $1 path: as it was looked at in the beginning (its number is p_slot), or now where something has changed since.
# Sets p_kind (file, directory, symlink, other, missing), p_perm, p_owner and p_group.
p_find() {
  if [ -n "$p_fresh" ]; then eval "p_read_stat \"\$p_seen_$p_slot\""; else p_find_now "$1"; fi
}
`,
  p_find_now: sh`
p_find_now() { p_read_stat "$(p_stat "$1")"; }
`,
  p_read_stat: sh`
# $1 a line of p_stat, or "" where there is nothing.
p_read_stat() {
  IFS='|'
  set -f
  set -- $1
  set +f
  IFS=$p_ifs
  p_perm=\${2-} p_owner=\${3-} p_group=\${4-}
  while :; do case $p_perm in 0?*) p_perm=\${p_perm#0} ;; *) break ;; esac; done
  case \${1-} in
  '') p_kind=missing ;;
  [Rr]egular*) p_kind=file ;;
  [Dd]irectory*) p_kind=directory ;;
  [Ss]ymbolic*) p_kind=symlink ;;
  *) p_kind=other ;;
  esac
}
`,
  p_attributes_differ: sh`
# $1 path, $2 mode, $3 owner, $4 group or "": exit 0 where they are not as found by p_find.
p_attributes_differ() {
  if [ "$p_perm" = "$2" ] && [ "$p_owner" = "$3" ] && [ "\${4:-$p_group}" = "$p_group" ]; then return 1; fi
  p_diff_line "-mode $p_perm, owner $p_owner:$p_group" "+mode $2, owner $3:\${4:-$p_group}"
}
`,
  p_content_is: sh`
# $1 path, $2 SHA-256 of the wanted content, $3 the function that writes it.
p_content_is() {
  if [ -n "$p_fresh" ] && eval "[ \"\$p_sum_$p_slot\" = \"\$2\" ]"; then return 0; fi
  "$3" | cmp -s - "$1"
}
`,
  p_file_check: sh`
# $1 path, $2 mode, $3 owner, $4 group or "", $5 SHA-256, $6 content function, $7 "secret" or "".
p_file_check() {
  p_find "$1"
  case $p_kind in
  file)
    p_status=0
    if p_attributes_differ "$1" "$2" "$3" "$4"; then p_status=1; fi
    if p_content_is "$1" "$5" "$6"; then return "$p_status"; fi
    if [ -n "$7" ]; then
      p_diff_line '(the content differs; it is secret and not shown)'
    elif [ "$p_owner" = "$3" ]; then
      p_diff_content "$1" "$6"
    else
      # Another one's file could be a second name of something that is nobody's business.
      p_diff_line '(the content differs)'
    fi
    return 1
    ;;
  missing)
    if [ -n "$7" ]; then p_diff_line '+(secret content, not shown)'; else p_diff_content /dev/null "$6"; fi
    return 1
    ;;
  symlink)
    p_diff_line '-a symbolic link' '+a file'
    return 1
    ;;
  *)
    p_reason="$1 is no file (it is: $p_kind), and is left alone"
    return 3
    ;;
  esac
}
`,
  p_absent_check: sh`
# $1 path, $2 the kind that may be removed. A symbolic link may always be.
p_absent_check() {
  p_find "$1"
  case $p_kind in
  missing) return 0 ;;
  "$2"|symlink) p_diff_line "-$1"; return 1 ;;
  *) p_reason="$1 is no $2 (it is: $p_kind), and is left alone"; return 3 ;;
  esac
}
`,
  p_directory_check: sh`
# $1 path, $2 mode, $3 owner, $4 group or "".
p_directory_check() {
  p_find "$1"
  case $p_kind in
  directory) if p_attributes_differ "$@"; then return 1; else return 0; fi ;;
  missing) p_diff_line "+directory $1, mode $2, owner $3"; return 1 ;;
  *) p_reason="$1 is no directory (it is: $p_kind), and is left alone"; return 3 ;;
  esac
}
`,
  p_symlink_check: sh`
# $1 path, $2 target.
p_symlink_check() {
  p_find "$1"
  case $p_kind in
  symlink)
    p_hit=$(readlink "$1")
    [ "$p_hit" != "$2" ] || return 0
    p_diff_line "-$1 -> $p_hit" "+$1 -> $2"
    return 1
    ;;
  directory) p_reason="$1 is a directory, and is left alone"; return 3 ;;
  missing) ;;
  *) p_diff_line "-$1 (it is: $p_kind)" ;;
  esac
  p_diff_line "+$1 -> $2"
  return 1
}
`,
} as const;

/** `stat` is where the systems differ; everything else asks these lines: KIND|MODE|OWNER|GROUP|PATH. */
export function statFunction(kernelName: string): string {
  return kernelName === "Linux"
    ? "# GNU and busybox.\np_stat() { stat -c '%F|%a|%U|%G|%n' \"$@\" 2>/dev/null; }"
    : "# BSD.\np_stat() { stat -f '%HT|%Mp%Lp|%Su|%Sg|%N' \"$@\" 2>/dev/null; }";
}
