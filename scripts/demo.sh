#!/bin/sh
# The demo: three real servers on this computer, from nothing to proved.
#
#   npm run demo                            boot, secure and prove them; again: says that all is in place
#   npm run demo -- COMMAND [ARGUMENTS]     any bootmachine command on the demo's stack, such as: ssh database
#   npm run demo -- --destroy               take everything down, images and keys too
#   npm run demo -- --destroy --keep-images
set -eu

cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
export PATH

stop() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

action=up
keep_images=no
case ${1-} in
--destroy)
	action=destroy
	shift
	;;
-*) ;;
?*) action=command ;;
esac
if [ "$action" = destroy ]; then
	for argument; do
		case $argument in
		--keep-images) keep_images=yes ;;
		*) stop "unknown argument $argument (there are --destroy and --keep-images)" ;;
		esac
	done
fi

elsewhere="What works here: 'npm run check' (all but the servers), and bootmachine itself with servers elsewhere (provider \"existing\")."
[ "$(uname -s)" = Linux ] ||
	stop "the demo's servers are systemd-nspawn containers, which need Linux; this is $(uname -s). $elsewhere"
as_root=
if [ "$(id -u)" -ne 0 ]; then
	sudo -n true 2>/dev/null ||
		stop "booting servers on this computer needs root, and neither are you root nor does sudo work without a password. $elsewhere"
	as_root="sudo -n"
fi

sh scripts/setup.sh

demo=examples/demo
config=$demo/bootmachine.config.ts
key=$demo/.bootmachine/operator-key

bootmachine() {
	node dist/cli/main.js "$@"
}

make_key() {
	[ ! -f "$key" ] || return 0
	command -v ssh-keygen >/dev/null 2>&1 ||
		stop "ssh-keygen is missing (on Debian: the package openssh-client)."
	mkdir -p "$demo/.bootmachine"
	chmod 700 "$demo/.bootmachine"
	ssh-keygen -q -t ed25519 -N '' -C 'bootmachine demo' -f "$key"
	echo "demo: made a key pair for the operator: $key"
}

case $action in
command)
	name=$1
	shift
	make_key
	bootmachine "$name" --config "$config" "$@"
	;;
up)
	make_key
	status=0
	bootmachine up --yes --config "$config" "$@" || status=$?
	if [ "$status" -eq 0 ]; then
		# The whole proof once, when the servers are new; later `up` proves what it changes.
		if [ ! -f "$demo/.bootmachine/demo-is-proved" ]; then
			echo
			bootmachine verify --config "$config"
			: >"$demo/.bootmachine/demo-is-proved"
		fi
		cat <<'TEXT'

Log in:         npm run demo -- ssh loadbalancer      (or application, database)
Prove again:    npm run demo -- verify
Look around:    npm run demo -- status                (or plan, log, exec -- uptime, run ports)
Take down:      npm run demo -- --destroy
TEXT
	fi
	exit "$status"
	;;
destroy)
	# The config names the key, so that it must be there while the stack is read.
	make_key >/dev/null
	bootmachine destroy --yes --config "$config"
	rm -rf "$demo/.bootmachine"
	$as_root sh scripts/remove-local-files.sh $([ "$keep_images" = no ] || echo --keep-images)
	echo "demo: everything is taken down. Operating-system packages that were installed stay."
	;;
esac
