import { NONCE_PATH } from "./first-boot-data.ts";

/**
 * The program that a host answers with its facts: POSIX sh, few forks, changes nothing. Each line of the answer is a key
 * and a value; what needs judgement is given raw and judged in `parse-facts.ts`.
 *
 * @param root prefix of every path that is read, for tests
 */
export function factsProgram(root = ""): string {
  return `r='${root}'
echo 'bm-facts 1'
for f in "$r/etc/os-release" "$r/usr/lib/os-release"; do
  if test -r "$f"; then sed 's/^/os /' "$f"; echo; break; fi
done
echo "uname $(uname -snrm)"

# Process 1 and what it is.
if test -d "$r/run/systemd/system"; then init=systemd
elif test -d "$r/run/openrc" || test -x "$r/sbin/openrc-run"; then init=openrc
elif test -f "$r/etc/rc" && test -d "$r/etc/rc.d"; then init=rc.d
else init=other; fi
echo "init $init"
if test -r "$r/proc/1/stat"; then
  IFS= read -r line <"$r/proc/1/stat"
  set -- \${line##*) }
  shift 19
  echo "init-start $1"
elif test -z "$r"; then
  echo "init-start $(ps -o lstart= -p 1 2>/dev/null)"
fi
if test -r "$r/proc/sys/kernel/random/boot_id"; then
  IFS= read -r line <"$r/proc/sys/kernel/random/boot_id"; echo "boot-id $line"
elif test -z "$r"; then
  echo "boot-id $(sysctl -n kern.boottime 2>/dev/null)"
fi

# A container says so in one of these places.
container=no
for f in "$r/run/systemd/container" "$r/run/host/container-manager" "$r/.dockerenv" "$r/run/.containerenv"; do
  if test -e "$f"; then container=yes; fi
done
if test "$container" = no && grep -q container= "$r/proc/1/environ" 2>/dev/null; then container=yes; fi
if test -d "$r/proc/vz" && ! test -d "$r/proc/bc"; then container=yes; fi
if test -z "$r" && test "$init" = rc.d && test "$(sysctl -n security.jail.jailed 2>/dev/null)" = 1; then container=yes; fi
echo "container $container"

if test -r "$r/proc/uptime"; then
  IFS= read -r line <"$r/proc/uptime"; echo "uptime $line"
elif test -z "$r"; then
  boot=$(sysctl -n kern.boottime 2>/dev/null | sed 's/^{ sec = \\([0-9]*\\).*/\\1/')
  echo "uptime $(($(date +%s) - \${boot:-0}))"
fi
if test -r "$r/proc/meminfo"; then
  while read -r key value unit; do
    if test "$key" = MemTotal:; then echo "memory-kb $value"; break; fi
  done <"$r/proc/meminfo"
elif test -z "$r"; then
  echo "memory-kb $(($(sysctl -n hw.physmem 2>/dev/null || echo 0) / 1024))"
fi
# In a container that is the whole computer's, and its control group says how much of it is its own: version 2, version 1.
for f in "$r/sys/fs/cgroup/memory.max" "$r/sys/fs/cgroup/memory/memory.limit_in_bytes"; do
  if test -r "$f"; then IFS= read -r line <"$f"; echo "memory-limit $line"; fi
done
echo "cpus $(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu)"

if command -v ip >/dev/null 2>&1; then
  ip -o addr show scope global 2>/dev/null | sed 's/^/ip /'
elif command -v ifconfig >/dev/null 2>&1; then
  ifconfig -a 2>/dev/null | sed 's/^/ifconfig /'
else
  echo "addresses $(hostname -I 2>/dev/null)"
fi

if test -r "$r/etc/ufw/ufw.conf" && grep -q '^ENABLED=yes' "$r/etc/ufw/ufw.conf"; then
  echo 'firewall ufw'
fi
if test "$init" = systemd && test -z "$r"; then
  if command -v firewalld >/dev/null 2>&1 && systemctl -q is-active firewalld; then
    echo 'firewall firewalld'
  fi
  for unit in ssh.socket sshd.socket; do
    for d in /etc /run /usr/lib /lib; do
      if test -e "$d/systemd/system/$unit"; then
        if systemctl -q is-active "$unit"; then echo 'ssh-socket yes'; fi
        break
      fi
    done
  done
fi
if test -r "$r/sys/fs/selinux/enforce"; then
  # The file has no newline at its end, so that read reports an end of file.
  line=; IFS= read -r line <"$r/sys/fs/selinux/enforce"; echo "selinux \${line:-0}"
fi
if test -r "$r${NONCE_PATH}"; then
  IFS= read -r line <"$r${NONCE_PATH}"; echo "first-boot $line"
fi
if command -v cloud-init >/dev/null 2>&1; then echo 'cloud-init yes'; fi
# Some releases print the version beside an error and their usage.
{ sshd -V || ssh -V; } 2>&1 </dev/null | sed -n '/OpenSSH_/{s/^/sshd /p;q;}'
echo 'bm-facts-end'
`;
}
