#!/bin/sh
# The yardstick: Salt with a master by hand, on all servers at once.
#
#   salt-by-hand.sh SSH_CONFIG FOLDER MASTER SERVER...
#
# REPOSITORY_URL says where the packages are; FOLDER/salt.asc is the key that they are signed with.
# The master takes every minion that asks, and no minion knows the master's key, which bootmachine does not allow.
set -eu

ssh_config=$1
folder=$2
master=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

address=$(ssh -F "$ssh_config" -o BatchMode=yes "$master" hostname -I | awk '{ print $1 }')
tar -C "$folder/tree" -cf "$work/tree.tar" states pillars

program=$(
	echo "set -eu; export DEBIAN_FRONTEND=noninteractive; address='$address' master='$master'"
	echo 'mkdir -p /etc/apt/keyrings /etc/salt/minion.d /etc/salt/master.d'
	echo "cat >/etc/apt/keyrings/salt.asc <<'END_OF_KEY'"
	cat "$folder/salt.asc"
	echo END_OF_KEY
	echo "base64 -d >/tmp/tree.tar <<'END_OF_TREE'"
	base64 "$work/tree.tar"
	echo END_OF_TREE
	echo "printf 'Types: deb\nURIs: %s\nSuites: stable\nComponents: main\nSigned-By: /etc/apt/keyrings/salt.asc\n' '$REPOSITORY_URL' >/etc/apt/sources.list.d/salt.sources"
	cat <<'WORK'
name=$(hostname)
printf 'id: %s\nmaster: %s\n' "$name" "$address" >/etc/salt/minion.d/own.conf
packages=salt-minion
if [ "$name" = "$master" ]; then
	packages='salt-master salt-minion'
	mkdir -p /srv/salt /srv/pillar
	tar -C /srv/salt --strip-components=1 -xf /tmp/tree.tar states
	tar -C /srv/pillar --strip-components=1 -xf /tmp/tree.tar pillars
	echo 'auto_accept: true' >/etc/salt/master.d/own.conf
fi
rm -f /tmp/tree.tar
apt-get -qq update
apt-get -qq -y install --no-install-recommends $packages >/dev/null
tries=0
until bash -c ": </dev/tcp/$address/4506" 2>/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -lt 600 ] || { echo 'no master'; exit 1; }
	sleep 1
done
salt-call --log-level=warning --retcode-passthrough --out=quiet state.highstate
WORK
)

pids=
for server in "$master" "$@"; do
	printf '%s\n' "$program" | ssh -F "$ssh_config" -o BatchMode=yes "$server" sudo -n sh -s &
	pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
