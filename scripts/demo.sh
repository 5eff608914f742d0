#!/bin/sh
# The demo: three real servers on this computer and a master for them, from nothing to configured and proved.
#
#   npm run demo                            boot, secure, configure and prove them; again: says that all is in place
#   npm run demo -- --configurator NAME     with ansible (default), puppet, salt, chef or none
#   npm run demo -- COMMAND [ARGUMENTS]     any bootmachine command but init on the demo's stack, such as: ssh db1
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
configurator=
# Among the options of the demo itself, in either spelling; what follows a command's name is that command's.
case ${1-} in
-*)
	count=$#
	while [ "$count" -gt 0 ]; do
		argument=$1
		shift
		count=$((count - 1))
		case $argument in
		--configurator)
			[ "$count" -gt 0 ] || stop "--configurator wants a name: ansible, puppet, salt, chef or none"
			configurator=$1
			shift
			count=$((count - 1))
			;;
		--configurator=*) configurator=${argument#*=} ;;
		*) set -- "$@" "$argument" ;;
		esac
	done
	;;
esac
case $configurator in
'' | ansible | puppet | salt | chef | none) ;;
*) stop "there is no configurator $configurator here (there are ansible, puppet, salt, chef and none)" ;;
esac
case ${1-} in
--destroy)
	action=destroy
	shift
	;;
--de* | --keep*) stop "there is no option $1 (did you mean --destroy?)" ;;
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

chosen=$demo/.bootmachine/configurator

# The first `up` decides; servers of one tool are not made over into another's.
choose_configurator() {
	before=$(cat "$chosen" 2>/dev/null || true)
	configurator=${configurator:-${before:-ansible}}
	[ -z "$before" ] || [ "$before" = "$configurator" ] ||
		stop "the demo's servers run with $before; take them down first: npm run demo -- --destroy --keep-images"
	mkdir -p "$demo/.bootmachine"
	chmod 700 "$demo/.bootmachine"
	[ "$action" != up ] || printf '%s\n' "$configurator" >"$chosen"
	kit=dist/configurators/$configurator/starter-kit
	[ ! -d "$kit" ] || [ -e "$demo/.bootmachine/$configurator" ] ||
		cp -R "$kit" "$demo/.bootmachine/$configurator"
	DEMO_CONFIGURATOR=$configurator
	export DEMO_CONFIGURATOR
}

# What the user types: words of advice name it, and what to do next is told below.
BOOTMACHINE_COMMAND="npm run demo --"
export BOOTMACHINE_COMMAND

bootmachine() {
	node dist/cli/main.js "$@"
}

make_key() {
	[ ! -f "$key" ] || return 0
	mkdir -p "$demo/.bootmachine"
	chmod 700 "$demo/.bootmachine"
	# Not by ssh-keygen: what this computer lacks is installed by the first `up`.
	node scripts/make-key.ts "$key" "bootmachine demo"
	echo "demo: made a key pair for the operator: $key"
}

case $action in
command)
	name=$1
	shift
	case $name in
	init) stop "the demo has its config already: $config" ;;
	help | explain | completion)
		# They are about no stack.
		bootmachine "$name" "$@"
		exit
		;;
	esac
	make_key
	choose_configurator
	if [ "$name" = configurator ] && [ $# -ge 1 ]; then
		part=$1
		shift
		bootmachine configurator "$part" --config "$config" "$@"
	else
		bootmachine "$name" --config "$config" "$@"
	fi
	;;
up)
	make_key
	choose_configurator
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

Log in:         npm run demo -- ssh lb1      (or app1, db1)
Prove again:    npm run demo -- verify
Look around:    npm run demo -- status                (or plan, log, exec -- uptime, run ports)
TEXT
		[ "$configurator" = none ] || cat <<TEXT
Change things:  $demo/.bootmachine/$configurator, then npm run demo
Run the tool:   npm run demo -- configurator run
TEXT
		echo "Take down:      npm run demo -- --destroy"
	fi
	exit "$status"
	;;
destroy)
	# The config names the key, so that it must be there while the stack is read.
	make_key >/dev/null
	choose_configurator
	bootmachine destroy --yes --config "$config"
	rm -rf "$demo/.bootmachine"
	$as_root sh scripts/remove-local-files.sh $([ "$keep_images" = no ] || echo --keep-images)
	echo "demo: everything is taken down. Operating-system packages that were installed stay."
	;;
esac
