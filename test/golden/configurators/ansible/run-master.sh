# master: ansible-playbook site.yml
control=$(mktemp -d /run/bootmachine-ansible.XXXXXX) || exit 1
trap 'rm -rf "$control"' EXIT
trap 'exit 143' HUP INT TERM
cd /srv/ansible || exit 1
theirs=$(sed -n 's/^callback_plugins[[:space:]]*[=:][[:space:]]*//p' ansible.cfg 2>/dev/null | sed 's/[[:space:]][;#].*//' | tail -n 1)
LC_ALL=C.UTF-8
ANSIBLE_NOCOLOR=1
ANSIBLE_FORCE_COLOR=0
ANSIBLE_DISPLAY_SKIPPED_HOSTS=0
ANSIBLE_CALLBACK_PLUGINS=/opt/bootmachine/ansible/callback_plugins${ANSIBLE_CALLBACK_PLUGINS:+:$ANSIBLE_CALLBACK_PLUGINS}${theirs:+:$theirs}
ANSIBLE_SSH_CONTROL_PATH_DIR=$control
export LC_ALL ANSIBLE_NOCOLOR ANSIBLE_FORCE_COLOR ANSIBLE_DISPLAY_SKIPPED_HOSTS ANSIBLE_CALLBACK_PLUGINS ANSIBLE_SSH_CONTROL_PATH_DIR
/opt/bootmachine/ansible/venv/bin/ansible-playbook --inventory /etc/ansible/bootmachine/inventory --limit boss,web1,localhost --forks 10 --diff site.yml
status=$?
for socket in "$control"/*; do
  [ ! -S "$socket" ] || ssh -F /dev/null -o ControlPath="$socket" -O exit bootmachine 2>/dev/null
done
exit "$status"
