# boss, python: Python is there for Ansible's modules
/usr/bin/python3 -I -c 'import apt, shutil' 2>&1

# boss, control: Ansible and the master's own key are there
command -v /opt/bootmachine/ansible/venv/bin/ansible-playbook >/dev/null || { echo "there is no /opt/bootmachine/ansible/venv/bin/ansible-playbook"; exit 1; }
[ -s /etc/ansible/bootmachine/id_ed25519 ] || { echo "there is no key /etc/ansible/bootmachine/id_ed25519"; exit 1; }
[ -z "$(find /etc/ansible/bootmachine/id_ed25519 \( -perm /077 -o ! -user root \))" ] || { echo "others than root can read /etc/ansible/bootmachine/id_ed25519"; exit 1; }

# boss, inventory: the inventory and the pinned host keys on the master are those of the stack
bm_unknown=
for bm_file in /etc/ansible/bootmachine/inventory/* /etc/ansible/bootmachine/known_hosts/*; do
  bm_name=${bm_file##*/}
  case ${bm_name%.yml} in
  boss|web1|'*') ;;
  *[!A-Za-z0-9.-]*) ;;
  *) bm_unknown="$bm_unknown $bm_file" ;;
  esac
done
bm_bad=
[ -z "$bm_unknown" ] || bm_bad="nobody knows:$bm_unknown"
[ -s /etc/ansible/bootmachine/inventory/boss.yml ] || bm_bad="there is no /etc/ansible/bootmachine/inventory/boss.yml"
[ ! -e /etc/ansible/bootmachine/inventory/web1.yml ] || [ "$(cat /etc/ansible/bootmachine/known_hosts/web1 2>/dev/null)" = 'web1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvb3RtYWNoaW5lLWV4YW1wbGUtaG9zdC1rZXktMDAx
web1 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=' ] || bm_bad="/etc/ansible/bootmachine/known_hosts/web1 does not hold the pinned host keys"
[ -z "$bm_bad" ] || { echo "$bm_bad"; exit 1; }

# web1, python: Python is there for Ansible's modules
/usr/bin/python3 -I -c 'import apt, shutil' 2>&1

# web1, account: nothing but the master's key opens the account ansible
[ -s /var/lib/bootmachine/ansible/authorized_keys ] || { echo "the master was never let in"; exit 1; }
cmp -s /var/lib/bootmachine/ansible/authorized_keys /home/ansible/.ssh/authorized_keys || { echo "authorized_keys of ansible is not what enroll has written"; exit 1; }
