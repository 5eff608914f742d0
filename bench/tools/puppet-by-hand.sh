#!/bin/sh
# The yardstick: Puppet with a server by hand, on all servers at once.
#
#   puppet-by-hand.sh SSH_CONFIG FOLDER MASTER SERVER...
#
# HEAP_MB is the memory of Puppet Server's heap; bootmachine is told to give it as much.
# The master signs every request that comes, and agents trust whatever authority answers, which bootmachine does not allow.
set -eu

ssh_config=$1
folder=$2
master=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

address=$(ssh -F "$ssh_config" -o BatchMode=yes "$master" hostname -I | awk '{ print $1 }')
tar -C "$folder/tree" -cf "$work/tree.tar" .

program=$(
	echo "set -eu; export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8; address='$address' master='$master' heap='$HEAP_MB'"
	echo "base64 -d >/tmp/tree.tar <<'END_OF_TREE'"
	base64 "$work/tree.tar"
	echo END_OF_TREE
	cat <<'WORK'
name=$(hostname)
mkdir -p /etc/puppet
packages=puppet-agent
if [ "$name" = "$master" ]; then
	packages='puppet-agent puppetserver'
	mkdir -p /etc/puppet/code/environments/production
	tar -C /etc/puppet/code/environments/production --no-same-owner -xf /tmp/tree.tar
	ln -sf /dev/null /etc/systemd/system/puppetserver.service
fi
rm -f /tmp/tree.tar
printf '[main]\ncertname = %s\nserver = %s\n[server]\nautosign = true\ndns_alt_names = %s\n' "$name" "$master" "$master" \
	>/etc/puppet/puppet.conf
apt-get -qq update
apt-get -qq -y -o Dpkg::Options::=--force-confold install --no-install-recommends $packages >/dev/null
systemctl -q stop puppet
if [ "$name" = "$master" ]; then
	sed -i "s/-Xms[0-9]*[mg]/-Xms${heap}m/; s/-Xmx[0-9]*[mg]/-Xmx${heap}m/" /etc/default/puppetserver
	grep -q -- "-Xmx${heap}m" /etc/default/puppetserver || { echo 'the heap is not set'; exit 1; }
	# One interpreter, as bootmachine sets it for a heap of this size.
	printf 'jruby-puppet: {\n    max-active-instances: 1\n}\n' >/etc/puppet/puppetserver/conf.d/own.conf
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
systemctl -q enable puppet
systemctl start puppet
WORK
)

pids=
for server in "$master" "$@"; do
	printf '%s\n' "$program" | ssh -F "$ssh_config" -o BatchMode=yes "$server" sudo -n sh -s &
	pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
