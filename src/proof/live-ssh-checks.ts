import type { BaselineContext } from "../baseline/context.ts";
import { nothingFound, type LiveCheck } from "./live-check.ts";
import { LISTENERS } from "../program/host-reads.ts";
import { quote } from "../program/quote.ts";

const CONFIG_FILES = String.raw`/etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf`;

/**
 * What sshd would do for each declared user and for root, where another file has Match blocks. Where none
 * has, the answer is the same for all, and the baseline's own resource has asked it already.
 */
export function sshdSettings({ distro, stack }: BaselineContext): LiveCheck {
  const users = [...new Set(["root", ...stack.users.map(({ name }) => name)])];
  return {
    check: "sshd-settings",
    sh: nothingFound(String.raw`bm_drop_in=${quote(distro.baseline.sshDropIn)}
bm_matches=$(grep -liE '^[[:space:]]*match[[:space:]]' ${CONFIG_FILES} 2>/dev/null | grep -vxF "$bm_drop_in")
if [ -n "$bm_matches" ]; then
  bm_keywords=$(awk '!/^[[:space:]]*(#|$)/ { print tolower($1) }' "$bm_drop_in" | grep -vx match | sort -u | tr '\n' ' ')
  for bm_user in ${users.map(quote).join(" ")}; do
    for bm_address in 127.0.0.1 10.0.0.1 203.0.113.1; do
      bm_who="user=$bm_user,host=outside.example,addr=$bm_address"
      {
        sshd -T -f "$bm_drop_in" -C "$bm_who" 2>&1 | sed 's/^/-/'
        sshd -T -C "$bm_who" 2>&1 | sed 's/^/+/'
      } | awk -v keywords="$bm_keywords" -v who="$bm_user from $bm_address" '
        BEGIN { n = split(keywords, k, " "); for (i = 1; i <= n; i++) wanted[k[i]] = 1 }
        { sign = substr($0, 1, 1); line = substr($0, 2); split(line, word, " ") }
        !(word[1] in wanted) { next }
        sign == "-" { minus[line] = 1 }
        sign == "+" { plus[line] = 1 }
        END {
          for (line in minus) if (!(line in plus)) print "- " line " (" who ")"
          for (line in plus) if (!(line in minus)) print "+ " line " (" who ")"
        }' | LC_ALL=C sort
    done
  done
fi`),
  };
}

export function sshdMatchBlocks({ distro }: BaselineContext): LiveCheck {
  return {
    check: "sshd-match-blocks",
    sh: nothingFound(
      String.raw`grep -HniE '^[[:space:]]*match[[:space:]]' ${CONFIG_FILES} 2>/dev/null | grep -vF ${quote(`${distro.baseline.sshDropIn}:`)} | sed 's/^/+ /'`,
    ),
  };
}

/** Real sockets, whoever holds them: sshd itself, or the service manager for it. */
export function sshdListens({ server }: BaselineContext): LiveCheck {
  const wanted = String(server.ssh.port);
  return {
    check: "sshd-listens",
    reads: LISTENERS,
    sh: String.raw`bm_ports=$(printf '%s\n' "$bm_listeners" | awk -v wanted=${wanted} '
  $1 != "tcp" { next }
  { n = split($5, part, ":"); port = part[n] }
  /"sshd/ || port == wanted { print port }' | sort -un | tr '\n' ' ')
[ "$bm_ports" = "${wanted} " ] || { printf '%s\n' "- sshd on ${wanted}" "+ sshd on ${"$"}{bm_ports:-nothing}"; false; }`,
  };
}

/** "NAME HOME" lines of root and the declared users, from one look at the table. */
function homesOf({ stack }: BaselineContext): string {
  const names = ["root", ...stack.users.map(({ name }) => name)].join(" ");
  return String.raw`awk -F: -v names=${quote(names)} '
  BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) wanted[list[i]] = 1 }
  ($1 in wanted) && $6 != "" { print $1, $6 }' /etc/passwd`;
}

/** Host keys, and the files that decide who is let in. */
export function sshFilePermissions(context: BaselineContext): LiveCheck {
  return {
    check: "ssh-file-permissions",
    // One stat for all. Octal digits as text: 2, 3, 6, 7 can be written to.
    sh: nothingFound(String.raw`${homesOf(context)} | {
  set -- /etc/ssh /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/*.conf /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  while read -r bm_user bm_home; do
    echo "home $bm_user $bm_home"
    set -- "$@" "$bm_home" "$bm_home/.ssh" "$bm_home/.ssh/authorized_keys"
  done
  stat -c 'stat %a %U %n' "$@" 2>/dev/null
} | awk '
  { path = $0; sub(/^[^ ]* [^ ]* /, "", path) }
  $1 == "home" { owner[path] = owner[path "/.ssh"] = owner[path "/.ssh/authorized_keys"] = $2; next }
  {
    mode = $2; found = $3; sub(/^[^ ]* /, "", path)
    others = substr(mode, length(mode), 1); group = substr(mode, length(mode) - 1, 1)
    wanted = (path in owner) ? owner[path] : "root"
  }
  path ~ /^\/etc\/ssh\/ssh_host_.*_key$/ {
    if (others != 0 || (group != 0 && group != 4) || found != "root") print "+ " path " is " mode " of " found " (wanted: 600 of root)"
    next
  }
  others ~ /[2367]/ || group ~ /[2367]/ { print "+ " path " can be written to by others: " mode }
  found != wanted && found != "root" { print "+ " path " belongs to " found " (wanted: " wanted ")" }'`),
  };
}

/** sshd reads this second file too unless it is told otherwise. */
export function undeclaredKeyFiles(context: BaselineContext): LiveCheck {
  return {
    check: "users-keys",
    sh: nothingFound(String.raw`${homesOf(context)} | while read -r bm_user bm_home; do
  [ "$bm_user" = root ] || ! [ -s "$bm_home/.ssh/authorized_keys2" ] || echo "+ $bm_home/.ssh/authorized_keys2"
done`),
  };
}

export function rootKeysAbsent(): LiveCheck {
  return {
    check: "root-keys-absent",
    sh: nothingFound(
      String.raw`cat /root/.ssh/authorized_keys /root/.ssh/authorized_keys2 2>/dev/null | awk '!/^[[:space:]]*(#|$)/ { print "+ " $NF }'`,
    ),
  };
}
