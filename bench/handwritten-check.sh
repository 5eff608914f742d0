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
	echo "declared=' root $(cut -d : -f 1 "$desired/users" | tr '\n' ' ')'"
	echo "declared_sudo=' README $(sed -n 's,.* /etc/sudoers.d/,,p' "$desired/files.sha256" | tr '\n' ' ')'"
	echo "declared_ports=' $(grep -o 'dport [0-9{}, -]*' "$desired/live.nft" | grep -o '[0-9]*' | sort -un | tr '\n' ' ')68 546 '"
	echo "now=$(date +%s)"
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
[ ! -s /root/.ssh/authorized_keys ] && [ ! -s /root/.ssh/authorized_keys2 ] || bad 'root has keys'
# Accounts: nothing that nobody declared gets in, and nobody else is an administrator.
accounts=$(awk -F: -v declared="$declared" '
	function is_declared(name) { return index(declared, " " name " ") }
	FILENAME == "/etc/shadow" { usable[$1] = $2 !~ /^[!*]/; if ($2 == "") print $1 " has no password"; next }
	FILENAME == "/etc/passwd" {
		if ($3 == 0 && $1 != "root") print $1 " has uid 0"
		if (!is_declared($1) && $7 !~ /(nologin|false|sync|shutdown|halt)$/ && usable[$1]) print $1 " has a password"
		if ($4 == sudo && sudo != "" && !is_declared($1)) print $1 " has the group sudo"
		next
	}
	$1 == "sudo" { sudo = $3; n = split($4, member, ","); for (i = 1; i <= n; i++) if (!is_declared(member[i])) print member[i] " is in sudo" }
' /etc/shadow /etc/group /etc/passwd)
[ -z "$accounts" ] || bad accounts "$accounts"
for file in /home/*/.ssh/authorized_keys /home/*/.ssh/authorized_keys2; do
	user=${file#/home/} user=${user%%/*}
	[ ! -s "$file" ] || case $file$declared in *keys2*) bad "$file" ;; *" $user "*) ;; *) bad "$file" ;; esac
done
for file in /etc/sudoers.d/*; do
	case $declared_sudo in *" ${file##*/} "*) ;; *) bad "$file" ;; esac
done
# The ssh server: what it would use, and where it listens.
sshd -T -C user=root,host=outside,addr=203.0.113.1 2>/dev/null | sort >"$work/sshd.now"
cmp -s "$work/sshd.now" "$work/sshd.txt" || bad 'sshd -T'
grep -qiE '^[[:space:]]*(match|port|listenaddress|allowusers|allowgroups)[[:space:]]' /etc/ssh/sshd_config && bad 'sshd_config has lines of its own'
[ -z "$(find /etc/ssh/sshd_config /etc/ssh/sshd_config.d -newer /run/sshd.pid)" ] || bad 'sshd has not read its files'
listeners=$(ss -Hltunp | awk -v declared="$declared_ports" '
	{ port = $5; sub(/.*:/, "", port) }
	$5 !~ /^(127\.|\[::1\])/ && !index(declared, " " port " ") { print }')
[ -z "$listeners" ] || bad listeners "$listeners"
# The firewall: the live rules.
nft -s list table inet bootmachine 2>/dev/null | cmp -s - "$work/live.nft" || bad 'firewall'
[ "$(nft list tables)" = 'table inet bootmachine' ] || bad 'other tables'
# Kernel settings.
sysctl $(cut -d ' ' -f 1 "$work/sysctl") 2>/dev/null | sed 's/ = / /' | cmp -s - "$work/sysctl" || bad 'kernel settings'
# Services.
[ "$(systemctl is-active $services 2>/dev/null | grep -cv '^active$')" = 0 ] || bad "services $services"
[ "$(systemctl is-enabled $services 2>/dev/null | grep -cv '^enabled$')" = 0 ] || bad "services at boot $services"
systemctl is-active --quiet rpcbind.socket avahi-daemon.socket cups.socket && bad 'unwanted services'
[ -z "$(systemctl list-units --failed --no-legend --plain --no-pager)" ] || bad 'failed units'
# Name, locale, time zone.
[ "$(cat /etc/hostname)" = "$(cat /proc/sys/kernel/hostname)" ] || bad hostname
[ "$(readlink /etc/localtime)" = /usr/share/zoneinfo/Etc/UTC ] || bad timezone
grep -q '^LANG="\{0,1\}C.UTF-8' /etc/default/locale || bad locale
[ ! -e /run/reboot-required ] || bad 'reboot required'
ahead=$(($(date +%s) - now))
[ "$ahead" -gt -10 ] && [ "$ahead" -lt 70 ] || bad clock
[ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -2880)" ] || bad 'old package lists'
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
