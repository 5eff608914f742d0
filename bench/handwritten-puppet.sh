#!/bin/sh
# The yardstick for Puppet: what one would write by hand to bring secured servers under a master, all at once.
# One connection a server, which installs, waits for the master and runs the agent.
#
#   handwritten-puppet.sh first SSH_CONFIG WORK MASTER ADDRESS SERVER...
#   handwritten-puppet.sh remove SSH_CONFIG SERVER...
#   handwritten-puppet.sh save SSH_CONFIG WORK MASTER
#
# WORK holds trees.tar: the environment and the servers' data as bootmachine has left them on the master, which `save` fetches.
#
# It signs every request that comes, and agents trust whatever authority answers, which bootmachine does not.
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
	echo 'tar -C / -cf - --dereference etc/puppet/code/environments/production etc/puppet/bootmachine etc/puppet/hiera.yaml etc/default/puppetserver etc/puppet/puppetserver/conf.d/bootmachine.conf' |
		on "$master" >"$work/trees.tar"
	;;
remove)
	everywhere '
export DEBIAN_FRONTEND=noninteractive
systemctl -q stop puppet puppetserver 2>/dev/null
apt-get -qq -y purge --auto-remove puppet-agent puppetserver >/dev/null 2>&1
rm -rf /etc/puppet /var/lib/puppet /var/cache/puppet /var/log/puppet /var/log/puppetserver /etc/facter /etc/default/puppetserver
rm -rf /etc/systemd/system/puppet*.service /etc/systemd/system/puppetserver.service.d
rm -f /var/lib/bootmachine/configured
systemctl daemon-reload
[ ! -e /usr/bin/puppet ]' "$@"
	;;
first)
	work=$1 master=$2 address=$3
	shift 3
	everywhere "$(
		echo 'set -eu; export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8'
		echo "master='$master' address='$address'"
		echo "base64 -d >/tmp/trees.tar <<'END_OF_TREES'"
		base64 "$work/trees.tar"
		echo END_OF_TREES
		cat <<'WORK'
mkdir -p /etc/puppet
packages=puppet-agent
if [ "$name" = "$master" ]; then
	packages='puppet-agent puppetserver'
	tar -C / -xf /tmp/trees.tar
	ln -sf /dev/null /etc/systemd/system/puppetserver.service
fi
printf '[main]\ncertname = %s\nserver = %s\n[server]\nautosign = true\ndns_alt_names = %s\n' "$name" "$master" "$master" \
	>/etc/puppet/puppet.conf
rm -f /tmp/trees.tar
apt-get -qq -y -o Dpkg::Options::=--force-confold install --no-install-recommends $packages >/dev/null
systemctl -q stop puppet
if [ "$name" = "$master" ]; then
	puppetserver ca setup --certname "$name" --subject-alt-names "$master" >/dev/null
	rm -f /etc/systemd/system/puppetserver.service
	mkdir -p /etc/systemd/system/puppetserver.service.d
	printf '[Service]\nTimeoutStartSec=1800\n' >/etc/systemd/system/puppetserver.service.d/own.conf
	systemctl daemon-reload
	systemctl -q enable puppetserver
	systemctl start puppetserver
fi
tries=0
until bash -c ": </dev/tcp/$address/8140" 2>/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -lt 900 ] || { echo 'no master'; exit 1; }
	sleep 1
done
status=0
puppet agent --onetime --no-daemonize --no-splay --detailed-exitcodes --waitforcert 2 || status=$?
case $status in
0 | 2) ;;
*) exit "$status" ;;
esac
systemctl -q enable --now puppet
WORK
	)" "$@"
	;;
esac
