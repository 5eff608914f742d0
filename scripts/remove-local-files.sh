#!/bin/sh
# Removes what the local provider keeps for all stacks together (images, cached packages, the state
# directory), unless a stack on this computer still has a server.
#
#   sh scripts/remove-local-files.sh [--keep-images]
set -eu

home=/var/lib/bootmachine
state=$home/local
cache=/var/cache/bootmachine

has_servers() {
	[ -d "$1/machines" ] && [ -n "$(find "$1/machines" -mindepth 2 -maxdepth 2 -type d)" ]
}

# A rehearsal's servers have a state directory of their own and the same images; and a server with yet another one has its
# disk mounted on an image, which only the processes in its own mount name space see.
is_cache_used() {
	for other in "$home"/*/; do
		! has_servers "${other%/}" || return 0
	done
	grep -qsF "lowerdir=$cache/" /proc/[0-9]*/mounts
}

if has_servers "$state"; then
	echo "Kept $state and $cache: another stack on this computer has servers."
	exit 0
fi
# Never reach through a mount: with one left, something of the provider is still there.
if grep -q " $state/" /proc/self/mounts; then
	echo "Kept $state: something is still mounted there." >&2
	exit 1
fi
rm -rf "$state"
rmdir "$home" 2>/dev/null || true
if [ "${1-}" != --keep-images ]; then
	if is_cache_used; then
		echo "Kept $cache: servers of a rehearsal, or of another state directory, run on its images."
	else
		# What says that an image is whole goes first: a removal that is interrupted leaves none that is taken for one.
		rm -f "$cache"/images/*/image.json
		rm -rf "$cache"
	fi
fi
