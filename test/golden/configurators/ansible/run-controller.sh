# controller: ansible-playbook site.yml
if ! command -v ansible-playbook >/dev/null; then
  echo 'ansible-playbook is not installed on this computer: install ansible-core, or set from: "master".' >&2
  exit 127
fi
folder=$PWD
control=$folder/c
cd '/home/ada/shop/plays dir' || exit 1
theirs=$(sed -n 's/^callback_plugins[[:space:]]*[=:][[:space:]]*//p' ansible.cfg 2>/dev/null | sed 's/[[:space:]][;#].*//' | tail -n 1)
LC_ALL=C.UTF-8
ANSIBLE_NOCOLOR=1
ANSIBLE_FORCE_COLOR=0
ANSIBLE_DISPLAY_SKIPPED_HOSTS=0
ANSIBLE_CALLBACK_PLUGINS="$folder/callback_plugins"${ANSIBLE_CALLBACK_PLUGINS:+:$ANSIBLE_CALLBACK_PLUGINS}${theirs:+:$theirs}
ANSIBLE_SSH_CONTROL_PATH_DIR=$control
export LC_ALL ANSIBLE_NOCOLOR ANSIBLE_FORCE_COLOR ANSIBLE_DISPLAY_SKIPPED_HOSTS ANSIBLE_CALLBACK_PLUGINS ANSIBLE_SSH_CONTROL_PATH_DIR
ansible-playbook --inventory "$folder/inventory" --limit web1,localhost --forks 10 site.yml
status=$?
for socket in "$control"/*; do
  [ ! -S "$socket" ] || ssh -F /dev/null -o ControlPath="$socket" -O exit bootmachine 2>/dev/null
done
exit "$status"
