/usr/bin/python3 -I -c 'import apt, shutil' 2>/dev/null || bad python
if [ -d /etc/ansible/bootmachine ]; then
	command -v ansible-playbook >/dev/null || bad ansible
	[ -s /etc/ansible/bootmachine/id_ed25519 ] || bad 'key of the master'
	inventory=$(ls /etc/ansible/bootmachine/inventory | wc -l)
	known=$(ls /etc/ansible/bootmachine/known_hosts | wc -l)
	[ "$inventory" -ge 2 ] && [ "$known" = $((inventory - 1)) ] || bad 'inventory or host keys'
else
	grep -q '^from=.*,restrict ssh-ed25519 ' /home/ansible/.ssh/authorized_keys || bad 'key of the master'
fi
