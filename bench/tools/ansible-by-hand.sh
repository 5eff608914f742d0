#!/bin/sh
# The yardstick: Ansible from a master to the others by hand, everything at once that can be.
#
#   ansible-by-hand.sh SSH_CONFIG FOLDER MASTER SERVER...
#
# The account `ansible` with its sudo rule is there: it is part of the secured state.
set -eu

ssh_config=$1
folder=$2
master=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

on() {
	host=$1
	shift
	ssh -F "$ssh_config" -o BatchMode=yes "$host" "$@"
}

wait_for() {
	for pid; do wait "$pid"; done
}

install='export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq -y install --no-install-recommends'

# 1. Packages, everywhere at once; the master's key meanwhile.
pids=
on "$master" "sudo -n sh -c '$install python3 python3-apt ansible-core openssh-client >/dev/null'" &
pids="$pids $!"
for server; do
	on "$server" "sudo -n sh -c '$install python3 python3-apt >/dev/null'" &
	pids="$pids $!"
done
on "$master" "sudo -n sh -c 'mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N \"\" -f /root/.ssh/ansible && cat /root/.ssh/ansible.pub'" >"$work/key"

# 2. The key into each account, and each host key to the master.
for server; do
	{
		on "$server" "sudo -n sh -c 'mkdir -p /home/ansible/.ssh && cat >/home/ansible/.ssh/authorized_keys && chown -R ansible: /home/ansible/.ssh && chmod 700 /home/ansible/.ssh && chmod 600 /home/ansible/.ssh/authorized_keys'" <"$work/key"
		on "$server" "cat /etc/ssh/ssh_host_ed25519_key.pub; hostname -I" >"$work/host-$server"
	} &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait_for $pids

port=$(ssh -G -F "$ssh_config" "$master" | awk '$1 == "port" { print $2 }')
mkdir "$work/tree"
cp -R "$folder/tree/." "$work/tree"
echo "$master ansible_connection=local" >"$work/tree/hosts"
for server; do
	address=$(awk 'NR == 2 { print $1 }' "$work/host-$server")
	echo "$server ansible_host=$address" >>"$work/tree/hosts"
	awk -v name="$server" 'NR == 1 { print name, $1, $2 }' "$work/host-$server" >>"$work/tree/known_hosts"
done
cat >"$work/tree/ansible.cfg" <<'CFG'
[defaults]
inventory = hosts
forks = 10
[ssh_connection]
pipelining = True
CFG
cat >"$work/tree/group_vars_all" <<VARS
ansible_user: ansible
ansible_port: $port
ansible_ssh_private_key_file: /root/.ssh/ansible
ansible_ssh_common_args: -o UserKnownHostsFile=/srv/ansible/known_hosts -o HostKeyAlias={{ inventory_hostname }}
ansible_python_interpreter: /usr/bin/python3
VARS
mkdir "$work/tree/group_vars"
mv "$work/tree/group_vars_all" "$work/tree/group_vars/all.yml"

# 3. The tree, and the run.
tar -C "$work/tree" -cf - . | on "$master" "sudo -n sh -c 'mkdir -p /srv/ansible && tar -C /srv/ansible -xf - --no-same-owner'"
on "$master" "sudo -n sh -c 'cd /srv/ansible && LC_ALL=C.UTF-8 ansible-playbook site.yml'"
