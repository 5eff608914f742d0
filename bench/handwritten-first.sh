#!/bin/sh
# The yardstick for a first run: what one would write by hand to bring fresh, booted servers into the same
# state, all at once. Two connections a server: one as root on port 22 that does the work, one by the new way
# that proves it, and a look from outside.
#
#   handwritten-first.sh KEY DESIRED PORT USER NAME=ADDRESS...
#
# DESIRED holds files.tar (the wanted files with their owners and modes), packages, users, services.
set -u

key=$1
desired=$2
port=$3
user=$4
shift 4

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# accept-new: by hand one trusts the first key, which bootmachine does not.
options="-F none -i $key -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=$work/known_hosts -o ConnectTimeout=10"

program=$(
	echo 'set -eu; export DEBIAN_FRONTEND=noninteractive'
	echo "packages='$(tr '\n' ' ' <"$desired/packages")'"
	echo "services='$(tr '\n' ' ' <"$desired/services")'"
	echo "user='$user' port='$port' public_key='$(cat "$key.pub")'"
	echo "base64 -d >/tmp/files.tar <<'END_OF_FILES'"
	base64 "$desired/files.tar"
	echo END_OF_FILES
	echo "cat >>/etc/hosts <<'END_OF_HOSTS'"
	for server; do echo "${server#*=} ${server%%=*}"; done
	echo END_OF_HOSTS
	cat <<'WORK'
apt-get -qq update
apt-get -qq -y upgrade --with-new-pkgs >/dev/null
apt-get -qq -y install --no-install-recommends $packages >/dev/null
printf '%s\n' "$name" >/etc/hostname
hostname "$name"
ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime
echo 'LANG=C.UTF-8' >/etc/default/locale
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
usermod --lock "$user"
tar -C / -xf /tmp/files.tar
printf '%s\n' "$public_key" >"/home/$user/.ssh/authorized_keys"
chown -R "$user:$user" "/home/$user/.ssh"
chmod 700 "/home/$user/.ssh"
chmod 600 "/home/$user/.ssh/authorized_keys"
rm -f /tmp/files.tar
visudo -cq
sysctl -q -p /etc/sysctl.d/60-bootmachine-network.conf 2>/dev/null || true
systemctl daemon-reload
systemctl -q enable $services
nft -f /etc/nftables.d/bootmachine.nft
systemctl -q start bootmachine-firewall.service
for unit in rpcbind.socket avahi-daemon.socket cups.socket; do
	systemctl -q is-enabled "$unit" 2>/dev/null && systemctl -q disable --now "$unit"
done
sshd -t
rm -f /root/.ssh/authorized_keys
systemctl restart ssh.service
WORK
)

one_server() {
	name=${1%%=*}
	address=${1#*=}
	printf "name='%s'\n%s\n" "$name" "$program" |
		ssh $options -p 22 "root@$address" sh -s >"$work/$name.log" 2>&1 || {
		echo "$name: $(tail -n 5 "$work/$name.log")"
		return 1
	}
	ssh $options -p "$port" "$user@$address" 'sudo -n true' || return 1
	# From outside: the old way is closed, root and passwords are refused.
	ssh $options -o ConnectTimeout=3 -p 22 "root@$address" true 2>/dev/null && return 1
	ssh $options -p "$port" "root@$address" true 2>/dev/null && return 1
	ssh $options -o PubkeyAuthentication=no -p "$port" "$user@$address" true 2>/dev/null && return 1
	return 0
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
