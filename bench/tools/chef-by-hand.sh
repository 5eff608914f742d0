#!/bin/sh
# The yardstick: Chef's client in local mode by hand, on all servers at once.
#
#   chef-by-hand.sh SSH_CONFIG FOLDER SERVER...
#
# PACKAGE_URL and PACKAGE_SHA256 say what is installed.
set -eu

ssh_config=$1
folder=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$folder/tree" -cf "$work/tree.tar" .

program="set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
mkdir -p /srv/chef /etc/cinc
tar -C /srv/chef -xf - --no-same-owner
apt-get -qq update
apt-get -qq -y install --no-install-recommends ca-certificates curl >/dev/null
curl -sSf -o /tmp/package.deb '$PACKAGE_URL'
echo '$PACKAGE_SHA256  /tmp/package.deb' | sha256sum -c --status
apt-get -qq -y install --no-install-recommends /tmp/package.deb >/dev/null
cat >/etc/cinc/client.rb <<CLIENT
local_mode true
node_name '\$(hostname)'
chef_repo_path '/srv/chef'
cache_path '/var/cinc'
file_cache_path '/var/cinc/cache'
file_backup_path '/var/cinc/backup'
node_path '/var/cinc/nodes'
client_path '/var/cinc/clients'
lockfile '/var/cinc/client-running.pid'
CLIENT
cinc-client -o 'recipe[site]'"

pids=
for server; do
	ssh -F "$ssh_config" -o BatchMode=yes "$server" "sudo -n sh -c '$(printf '%s' "$program" | sed "s/'/'\\\\''/g")'" <"$work/tree.tar" &
	pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
