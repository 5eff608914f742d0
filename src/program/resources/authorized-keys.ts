import { createHash } from "node:crypto";
import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { AuthorizedKeysResource } from "../resource.ts";
import { sh } from "../sh.ts";

/**
 * `~/.ssh/authorized_keys`, whole. The user rules the directory, so everything is written with that user's power:
 * a link that the user has laid to one of root's files leads to a refusal, never to that file.
 */
export const AUTHORIZED_KEYS_FUNCTIONS = {
  p_keys_check: sh`
# $1 user, $2 content function, or "" for no file, $3 SHA-256 of the content.
p_keys_check() {
  if ! p_account "$1"; then
    [ -n "$2" ] || return 0
    p_diff_line "+keys of $1, who does not exist yet"
    return 1
  fi
  p_keys_seen=$(p_stat "$p_home/.ssh" "$p_home/.ssh/authorized_keys")
  # Without the directory there is no file: the first line is the directory's.
  p_read_stat "\${p_keys_seen%%"$p_nl"*}"
  case $p_kind in
  missing) [ -n "$2" ] || return 0; p_diff_line "+directory $p_home/.ssh" ;;
  directory) ;;
  *) p_reason="$p_home/.ssh is no directory (it is: $p_kind): nothing is written through it"; return 3 ;;
  esac
  p_status=0
  if [ -n "$2" ] && [ "$p_kind" = directory ] && p_attributes_differ "$p_home/.ssh" 700 "$1" ''; then p_status=1; fi
  case $p_keys_seen in
  *"$p_nl"*) p_read_stat "\${p_keys_seen##*"$p_nl"}" ;;
  *) p_read_stat '' ;;
  esac
  if [ -z "$2" ]; then
    [ "$p_kind" != missing ] || return 0
    p_diff_line "-$p_home/.ssh/authorized_keys"
    return 1
  fi
  case $p_kind in
  file)
    if p_attributes_differ "$p_home/.ssh/authorized_keys" 600 "$1" ''; then p_status=1; fi
    # Not the user's: perhaps a second name of one of root's files. It is replaced, and not shown.
    [ "$p_owner" = "$1" ] || return 1
    case $(sha256sum "$p_home/.ssh/authorized_keys" 2>/dev/null) in
    "$3 "*) return "$p_status" ;;
    '') if "$2" | cmp -s - "$p_home/.ssh/authorized_keys"; then return "$p_status"; fi ;;
    esac
    p_diff_content "$p_home/.ssh/authorized_keys" "$2"
    ;;
  missing) p_diff_content /dev/null "$2" ;;
  symlink) p_diff_line '-a symbolic link' '+a file' ;;
  *) p_reason="$p_home/.ssh/authorized_keys is no file (it is: $p_kind)"; return 3 ;;
  esac
  return 1
}
`,
} as const;

export const AUTHORIZED_KEYS_MENDING_FUNCTIONS = {
  p_keys_mend: sh`
# $1 user, $2 content function, or "" for no file.
p_keys_mend() {
  p_account "$1" || { echo "there is no user $1" >&2; return 1; }
  [ -d "$p_home" ] || { echo "the home directory $p_home of $1 does not exist" >&2; return 1; }
  if [ -d "$p_home/.ssh" ] && ! [ -L "$p_home/.ssh" ]; then
    p_find_now "$p_home/.ssh"
    # -h: should it have become a link meanwhile, the link is changed and not what it names.
    [ "$p_owner" = "$1" ] || chown -h "$1:" "$p_home/.ssh" || return
  fi
  P_HOME=$p_home
  export P_HOME
  if [ -z "$2" ]; then
    p_as "$1" 'rm -f "$P_HOME/.ssh/authorized_keys"'
    return
  fi
  "$2" | p_as "$1" '
    umask 077
    cd "$P_HOME" || exit
    [ -d .ssh ] || mkdir .ssh || exit
    if [ -L .ssh ]; then echo "$P_HOME/.ssh is a symbolic link" >&2; exit 1; fi
    cd .ssh || exit
    chmod 700 . || exit
    new=$(mktemp ./.authorized_keys.XXXXXX) || exit
    if [ -L authorized_keys ] && [ -d authorized_keys ]; then rm -f authorized_keys; fi
    if cat >"$new" && chmod 600 "$new" && mv -f "$new" authorized_keys; then
      if command -v restorecon >/dev/null 2>&1; then restorecon authorized_keys . 2>/dev/null; fi
      exit 0
    fi
    rm -f "$new"
    exit 1'
}
`,
} as const;

/** The lines that are the whole file; none: no file. */
export function authorizedKeysLines(resource: AuthorizedKeysResource): readonly string[] {
  return resource.keys.map((key) => key.trim());
}

export function compileAuthorizedKeys(
  resource: AuthorizedKeysResource,
  context: CompileContext,
): CompiledResource {
  const user = quote(resource.user);
  if (resource.keys.length === 0) {
    return { check: [`p_keys_check ${user} '' ''`], mend: [`p_keys_mend ${user} ''`] };
  }
  const content = authorizedKeysLines(resource)
    .map((line) => `${line}\n`)
    .join("");
  const text = context.text(content);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return {
    check: [`p_keys_check ${user} ${text} ${sha256}`],
    mend: [`p_keys_mend ${user} ${text}`],
  };
}
