# controller: ansible-playbook site.yml
if ! command -v ansible-playbook >/dev/null; then
  echo 'ansible-playbook is not installed on this computer: install ansible-core, or set from: "master".' >&2
  exit 127
fi
folder=$PWD
LC_ALL=C.UTF-8
ANSIBLE_NOCOLOR=1
ANSIBLE_FORCE_COLOR=0
ANSIBLE_DISPLAY_SKIPPED_HOSTS=0
ANSIBLE_CALLBACK_PLUGINS="$folder/callback_plugins"
export LC_ALL ANSIBLE_NOCOLOR ANSIBLE_FORCE_COLOR ANSIBLE_DISPLAY_SKIPPED_HOSTS ANSIBLE_CALLBACK_PLUGINS
cd '/home/ada/shop/plays dir' || exit 1
ansible-playbook --inventory "$folder/inventory" --limit web1 --forks 10 site.yml
