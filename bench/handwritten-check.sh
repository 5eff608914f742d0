#!/bin/sh
# The yardstick: what somebody who knows his servers would write by hand to see that nothing has changed on
# them. Parallel ssh, one connection a server, no tool in between. It looks at the same things as a
# no-change `bootmachine up`, by checksum where there is a file.
#
#   handwritten-check.sh SSH_CONFIG DESIRED SERVER...
#
# MORE_CHECKS, in the environment, is further shell text for the servers, such as for what a tool keeps there.
# DESIRED holds: files.sha256, hosts, live.nft, sshd.txt, packages, sysctl, users, services (see bench/desired-state.ts).
set -u

ssh_config=$1
desired=$2
shift 2

# Everything that the hosts need travels on standard input, once a host.
program=$(
	echo 'set -u; bad() { echo "differs: $*"; status=1; }; status=0'
	echo "work=\$(mktemp -d) || exit 1; trap 'rm -rf \"\$work\"' EXIT"
	for name in files.sha256 hosts live.nft sshd.txt sysctl; do
		echo "cat >\"\$work/$name\" <<'END_OF_$name'"
		cat "$desired/$name"
		echo "END_OF_$name"
	done
	echo "packages='$(tr '\n' ' ' <"$desired/packages")'"
	echo "services='$(tr '\n' ' ' <"$desired/services")'"
	while IFS= read -r line; do
		name=${line%%:*}
		echo "[ \"\$(getent passwd $name)\" = '$line' ] || bad user $name"
		echo "case \$(getent shadow $name) in $name:[!\\!*]*) bad 'password of $name is not locked' ;; esac"
	done <"$desired/users"
	cat <<'CHECKS'
# Packages: installed, and nothing pending (from the lists as they are). apt's simulation costs more than all the rest, so
# that nothing was pending is remembered, as bootmachine remembers it: until what dpkg knows, the lists or apt's settings change.
[ "$(dpkg-query -W -f '${db:Status-Status}\n' $packages 2>/dev/null | grep -cv '^installed$')" = 0 ] || bad packages
memo=/var/cache/handwritten-check-no-upgrades
if [ ! -e "$memo" ] || [ -n "$(find /var/lib/dpkg/status /var/lib/dpkg/updates /var/lib/apt/lists /etc/apt /etc/apt/preferences.d \
	/etc/apt/apt.conf.d /etc/apt/sources.list.d -maxdepth 0 -newer "$memo" 2>/dev/null)" ]; then
	if [ -z "$(apt-get -s -qq -o Debug::NoLocking=1 upgrade --with-new-pkgs 2>/dev/null | grep '^Inst ')" ]; then
		: >"$memo"
	else
		rm -f "$memo"
		bad 'upgrades pending'
	fi
fi
# Files: content, owner and mode.
sha256sum --quiet -c "$work/files.sha256" >"$work/sums" 2>&1 || bad "files: $(cat "$work/sums")"
[ "$(grep -cFxf "$work/hosts" /etc/hosts)" = "$(grep -c . "$work/hosts")" ] || bad 'hosts entries'
[ -z "$(find /etc/sudoers.d /etc/nftables.d/bootmachine.nft ! -user root -o -type f -perm /027 ! -perm 0440 2>/dev/null)" ] || bad 'owners or modes'
[ -z "$(find /etc/ssh -maxdepth 1 -name 'ssh_host_*_key' \( -perm /077 -o ! -user root \))" ] || bad 'modes of host keys'
[ -z "$(find /etc/shadow /etc/gshadow /etc/sudoers -maxdepth 0 -perm /037)" ] || bad 'modes of password files'
[ ! -s /root/.ssh/authorized_keys ] || bad 'root has keys'
# The ssh server: what it would use, and where it listens.
sshd -T -C user=root,host=outside,addr=203.0.113.1 2>/dev/null | sort >"$work/sshd.now"
cmp -s "$work/sshd.now" "$work/sshd.txt" || bad 'sshd -T'
ss -Hltn | awk '{ n = split($4, a, ":"); print a[n] }' | sort -un | tr '\n' ' ' >"$work/ports"
grep -q ' 22 \|^22 ' "$work/ports" && bad 'port 22 is open'
# The firewall: the live rules.
nft -s list table inet bootmachine 2>/dev/null | cmp -s - "$work/live.nft" || bad 'firewall'
# Kernel settings.
sysctl $(cut -d ' ' -f 1 "$work/sysctl") 2>/dev/null | sed 's/ = / /' | cmp -s - "$work/sysctl" || bad 'kernel settings'
# Services.
[ "$(systemctl is-active $services 2>/dev/null | grep -cv '^active$')" = 0 ] || bad "services $services"
[ "$(systemctl is-enabled $services 2>/dev/null | grep -cv '^enabled$')" = 0 ] || bad "services at boot $services"
systemctl is-active --quiet rpcbind.socket avahi-daemon.socket cups.socket && bad 'unwanted services'
# Name, locale, time zone.
[ "$(cat /etc/hostname)" = "$(cat /proc/sys/kernel/hostname)" ] || bad hostname
[ "$(readlink /etc/localtime)" = /usr/share/zoneinfo/Etc/UTC ] || bad timezone
grep -q '^LANG="\{0,1\}C.UTF-8' /etc/default/locale || bad locale
[ ! -e /run/reboot-required ] || bad 'reboot required'
CHECKS
	printf '%s\n' "${MORE_CHECKS-}"
	echo 'exit $status'
)

one_server() {
	said=$(printf '%s\n' "$program" | ssh -F "$ssh_config" -o BatchMode=yes "$1" sudo -n sh -s 2>&1) && return 0
	printf '%s\n' "$said" | sed "s/^/$1: /"
	return 1
}

pids=
for server; do
	one_server "$server" &
	pids="$pids $!"
done
status=0
for pid in $pids; do
	wait "$pid" || status=1
done
exit $status
