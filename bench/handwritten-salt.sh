#!/bin/sh
# The yardstick for Salt: what one would write by hand to bring secured servers under a master, all at once.
# One connection a server, which installs, waits for the master and applies the states.
#
#   handwritten-salt.sh first SSH_CONFIG WORK MASTER ADDRESS SERVER...
#   handwritten-salt.sh remove SSH_CONFIG SERVER...
#   handwritten-salt.sh save SSH_CONFIG WORK MASTER
#
# WORK holds url and key.asc of the packages' repository, and trees.tar: states, pillars and the minions' data as
# bootmachine has left them on the master, which `save` fetches.
#
# It accepts every minion that asks, and pins no master's key, which bootmachine does not.
set -u

verb=$1
ssh_config=$2
shift 2

on() {
	server=$1
	ssh -F "$ssh_config" -o BatchMode=yes "$server" sudo -n sh -s
}

# Runs a program on each server at once; says what failed where.
everywhere() {
	program=$1
	shift
	logs=$(mktemp -d) || exit 1
	pids=
	for server; do
		{
			printf "name='%s'\n%s\n" "$server" "$program" | on "$server" >"$logs/$server" 2>&1 || {
				echo "$server: $(tail -n 5 "$logs/$server")"
				exit 1
			}
		} &
		pids="$pids $!"
	done
	status=0
	for pid in $pids; do wait "$pid" || status=1; done
	rm -rf "$logs"
	return $status
}

case $verb in
save)
	work=$1 master=$2
	echo 'tar -C / -cf - --dereference srv/salt srv/pillar etc/salt/bootmachine' | on "$master" >"$work/trees.tar"
	;;
remove)
	everywhere '
export DEBIAN_FRONTEND=noninteractive
systemctl -q stop salt-minion salt-master 2>/dev/null
apt-get -qq -y purge salt-minion salt-master salt-common >/dev/null 2>&1
rm -rf /etc/salt /opt/saltstack /srv/salt* /srv/pillar* /var/cache/salt /var/log/salt /var/run/salt /etc/default/salt-setup
rm -f /etc/apt/sources.list.d/*salt* /etc/apt/keyrings/*salt* /etc/apt/preferences.d/*salt*
rm -f /etc/systemd/system/salt-*.service /var/lib/bootmachine/configured /var/lib/bootmachine/salt-key
systemctl daemon-reload
apt-get -qq update
[ ! -e /usr/bin/salt-minion ]' "$@"
	;;
first)
	work=$1 master=$2 address=$3
	shift 3
	everywhere "$(
		echo 'set -eu; export DEBIAN_FRONTEND=noninteractive'
		echo "master='$master' address='$address'"
		echo 'mkdir -p /etc/apt/keyrings /etc/salt/minion.d /etc/salt/master.d'
		echo "cat >/etc/apt/keyrings/salt.asc <<'END_OF_KEY'"
		cat "$work/key.asc"
		echo END_OF_KEY
		echo "base64 -d >/tmp/trees.tar <<'END_OF_TREES'"
		base64 "$work/trees.tar"
		echo END_OF_TREES
		echo "url='$(cat "$work/url")'"
		cat <<'WORK'
printf 'Types: deb\nURIs: %s\nSuites: stable\nComponents: main\nSigned-By: /etc/apt/keyrings/salt.asc\n' "$url" \
	>/etc/apt/sources.list.d/salt.sources
printf 'id: %s\nmaster: %s\n' "$name" "$address" >/etc/salt/minion.d/own.conf
packages=salt-minion
if [ "$name" = "$master" ]; then
	packages='salt-master salt-minion'
	tar -C / -xf /tmp/trees.tar
	cat >/etc/salt/master.d/own.conf <<'END'
auto_accept: true
ext_pillar:
  - file_tree: {root_dir: /etc/salt/bootmachine, template: true, render_default: json, renderer_whitelist: [json]}
END
fi
rm -f /tmp/trees.tar
apt-get -qq update
apt-get -qq -y install --no-install-recommends $packages >/dev/null
if [ "$name" = "$master" ]; then chown -R root:salt /etc/salt/bootmachine /srv/salt /srv/pillar; fi
tries=0
until bash -c ": </dev/tcp/$address/4506" 2>/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -lt 600 ] || { echo 'no master'; exit 1; }
	sleep 1
done
salt-call --log-level=warning --retcode-passthrough --out=quiet state.highstate
WORK
	)" "$@"
	;;
esac
