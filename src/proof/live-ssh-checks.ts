import type { BaselineContext } from "../baseline/context.ts";
import { nothingFound, type LiveCheck } from "./live-check.ts";
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
    sh: String.raw`bm_ports=$(ss -Hltnp 2>/dev/null | awk -v wanted=${wanted} '
  { n = split($4, part, ":"); port = part[n] }
  /"sshd/ || port == wanted { print port }' | sort -un | tr '\n' ' ')
[ "$bm_ports" = "${wanted} " ] || { printf '%s\n' "- sshd on ${wanted}" "+ sshd on ${"$"}{bm_ports:-nothing}"; false; }`,
  };
}

/** Host keys, and the files that decide who is let in. */
export function sshFilePermissions({ stack }: BaselineContext): LiveCheck {
  const users = ["root", ...stack.users.map(({ name }) => name)].map(quote).join(" ");
  return {
    check: "ssh-file-permissions",
    // Octal digits as text: 2, 3, 6, 7 can be written to.
    sh: nothingFound(String.raw`{
  stat -c 'key %a %U %n' /etc/ssh/ssh_host_*_key 2>/dev/null
  stat -c 'open %a %U %n' /etc/ssh /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/*.conf /etc/ssh/ssh_host_*_key.pub 2>/dev/null
  for bm_user in ${users}; do
    bm_home=$(awk -F: -v u="$bm_user" '$1 == u { print $6 }' /etc/passwd)
    [ -n "$bm_home" ] || continue
    stat -c "$bm_user %a %U %n" "$bm_home" "$bm_home/.ssh" "$bm_home/.ssh/authorized_keys" 2>/dev/null
  done
} | awk '
  { mode = $2; others = substr(mode, length(mode), 1); group = substr(mode, length(mode) - 1, 1) }
  $1 == "key" && (others != 0 || group ~ /[1-7]/ && group != 4 || $3 != "root") { print "+ " $4 " is " mode " of " $3 " (wanted: 600 of root)"; next }
  $1 == "key" { next }
  { owner = ($1 == "open") ? "root" : $1 }
  others ~ /[2367]/ || group ~ /[2367]/ { print "+ " $4 " can be written to by others: " mode }
  $3 != owner && $3 != "root" { print "+ " $4 " belongs to " $3 " (wanted: " owner ")" }'`),
  };
}

/** sshd reads this second file too unless it is told otherwise. */
export function undeclaredKeyFiles({ stack }: BaselineContext): LiveCheck {
  const users = ["root", ...stack.users.map(({ name }) => name)].map(quote).join(" ");
  return {
    check: "users-keys",
    sh: nothingFound(String.raw`for bm_user in ${users}; do
  bm_home=$(awk -F: -v u="$bm_user" '$1 == u { print $6 }' /etc/passwd)
  [ -z "$bm_home" ] || ! [ -s "$bm_home/.ssh/authorized_keys2" ] || echo "+ $bm_home/.ssh/authorized_keys2"
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
