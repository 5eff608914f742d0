# master: ansible-playbook site.yml
LC_ALL=C.UTF-8
ANSIBLE_NOCOLOR=1
ANSIBLE_FORCE_COLOR=0
ANSIBLE_DISPLAY_SKIPPED_HOSTS=0
ANSIBLE_CALLBACK_PLUGINS=/opt/bootmachine/ansible/callback_plugins
export LC_ALL ANSIBLE_NOCOLOR ANSIBLE_FORCE_COLOR ANSIBLE_DISPLAY_SKIPPED_HOSTS ANSIBLE_CALLBACK_PLUGINS
cd /srv/ansible || exit 1
/opt/bootmachine/ansible/venv/bin/ansible-playbook --inventory /etc/ansible/bootmachine/inventory --limit boss,web1 --forks 10 --diff site.yml
