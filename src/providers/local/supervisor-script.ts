/**
 * Control groups of version 2: systemd-nspawn puts the server into a group of its own below ours and shows it that one as
 * if it were the whole. The limit above is kept and cannot be seen from inside, so the server's own group gets it as well.
 */
export const HAND_DOWN_LIMIT = `hand_down_limit() {
  for group in $BM_CGROUPS; do
    for above in "$group" "\${group%/*}"; do
      limit=max
      [ ! -e "$above/memory.max" ] || read -r limit <"$above/memory.max"
      [ "$limit" != max ] || continue
      tries=0
      while [ "$tries" -lt 250 ] && [ -d "/proc/$nspawn" ] && ! [ -e "$group/payload/memory.max" ]; do
        tries=$((tries + 1))
        sleep 0.02
      done
      [ ! -e "$group/payload/memory.max" ] || echo "$limit" >"$group/payload/memory.max"
      return 0
    done
  done
}
`;

/**
 * The script that keeps one local server running. It is written into the machine's directory and gets all it needs in
 * its environment, so that nothing has to be quoted.
 */
export const SUPERVISOR_SCRIPT = `#!/bin/sh
# bootmachine: keeps one local server running. Started in a session and a mount namespace of its own, so it outlives
# the program that started it, and all mounts made here vanish with the last process of the server.
#
# BM_DIR machine directory        BM_ID name for systemd-nspawn   BM_UUID machine id       BM_HOSTNAME
# BM_IMAGE lower directory        BM_BRIDGE                       BM_MTU
# BM_IPV4 address/length          BM_GATEWAY                      BM_IPV6 address/length
# BM_CGROUPS directories to put the server into, "delegated" under a systemd unit of its own, or empty
set -u
cd / || exit 70
umask 022
# One supervisor per machine. Whoever gets this lock knows that no other one lives.
exec 8>>"$BM_DIR/supervisor.lock"
flock -n 8 || exit 0
echo "$$ $(cut -d' ' -f22 "/proc/$$/stat")" >"$BM_DIR/supervisor.new"
mv -f "$BM_DIR/supervisor.new" "$BM_DIR/supervisor"

# The console, bounded: two files of about a megabyte.
write_console() {
  while :; do
    before=$(stat -c %s "$BM_DIR/console" 2>/dev/null || echo 0)
    dd bs=4096 count=128 2>/dev/null >>"$BM_DIR/console" || return 0
    after=$(stat -c %s "$BM_DIR/console" 2>/dev/null || echo 0)
    [ "$after" -gt "$before" ] || return 0
    if [ "$after" -gt 524288 ]; then mv -f "$BM_DIR/console" "$BM_DIR/console.1"; fi
  done
}
rm -f "$BM_DIR/console.pipe" "$BM_DIR/exit"
mkfifo -m 600 "$BM_DIR/console.pipe" || exit 70
write_console <"$BM_DIR/console.pipe" &
exec >"$BM_DIR/console.pipe" 2>&1

fail() {
  echo "bootmachine: $1"
  echo "$1" >"$BM_DIR/exit"
  exit 1
}

# Under a systemd unit of our own: the script in one leaf, the server in another, since a group with processes
# of its own cannot hand controllers down.
if [ "$BM_CGROUPS" = delegated ]; then
  own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
  if [ -e "$own/cgroup.procs" ] && mkdir -p "$own/keeper" "$own/machine" 2>/dev/null && echo $$ >"$own/keeper/cgroup.procs" 2>/dev/null; then
    for controller in memory cpu pids; do echo "+$controller" >"$own/cgroup.subtree_control"; done 2>/dev/null
    BM_CGROUPS=$own/machine
  else
    BM_CGROUPS=
  fi
fi

# systemd-nspawn leaves directories under /run; in here nobody else sees them.
mount -t tmpfs -o mode=755,size=16m tmpfs /run || fail "a tmpfs cannot be mounted"
mount -t overlay overlay -o "lowerdir=$BM_IMAGE,upperdir=$BM_DIR/upper,workdir=$BM_DIR/work" "$BM_DIR/root" ||
  fail "the overlay file system cannot be mounted"

configure_network() {
  own_namespace=$(readlink /proc/self/ns/net)
  tries=0
  while [ "$tries" -lt 500 ] && [ -d "/proc/$nspawn" ]; do
    tries=$((tries + 1))
    leader=
    # The kernel ends this line without a newline, hence no test of the status.
    read -r leader rest <"/proc/$nspawn/task/$nspawn/children"
    # Never touch the computer's own network: wait until the server has one of its own, with the cable in it.
    if [ -n "$leader" ] && [ "$(readlink "/proc/$leader/ns/net")" != "$own_namespace" ] &&
      nsenter -t "$leader" -n ip link show host0 >/dev/null 2>&1; then
      nsenter -t "$leader" -n ip -force -batch - <<EOF
link set lo up
link set host0 mtu $BM_MTU
addr add $BM_IPV4 dev host0
addr add $BM_IPV6 dev host0 nodad
link set host0 up
route add default via $BM_GATEWAY
EOF
      echo "$leader $(cut -d' ' -f22 "/proc/$leader/stat")" >"$BM_DIR/leader.new"
      mv -f "$BM_DIR/leader.new" "$BM_DIR/leader"
      return 0
    fi
    sleep 0.02
  done
  echo "bootmachine: the server has no network"
} 2>/dev/null

${HAND_DOWN_LIMIT}
nspawn=
trap 'stopping=1; [ -z "$nspawn" ] || kill -TERM "$nspawn"' TERM INT HUP
stopping=
while :; do
  started=$(date +%s)
  rm -f "$BM_DIR/leader"
  ip link delete "vb-$BM_ID" 2>/dev/null
  (
    for group in $BM_CGROUPS; do echo 0 >"$group/cgroup.procs" || :; done
    exec systemd-nspawn --quiet --directory="$BM_DIR/root" --machine="$BM_ID" --uuid="$BM_UUID" --hostname="$BM_HOSTNAME" \\
      --register=no --keep-unit --network-bridge="$BM_BRIDGE" --resolv-conf=off --timezone=off --link-journal=no \\
      --console=read-only --boot 8>&- </dev/null
  ) &
  nspawn=$!
  configure_network
  hand_down_limit
  wait "$nspawn"
  status=$?
  # A signal to this script ends the wait early; the server is shutting down then.
  while [ -d "/proc/$nspawn" ]; do wait "$nspawn"; status=$?; done
  nspawn=
  [ -z "$stopping" ] || break
  # 133: the server asked for a reboot. The file: somebody pulled the plug on purpose.
  if [ "$status" = 133 ] || [ -e "$BM_DIR/restart" ]; then
    rm -f "$BM_DIR/restart"
    echo "bootmachine: the server starts again"
    # A server that reboots in a circle must not eat the computer.
    [ $(($(date +%s) - started)) -gt 2 ] || sleep 1
    continue
  fi
  break
done
echo "bootmachine: the server ended with status $status"
echo "$status" >"$BM_DIR/exit"
`;
