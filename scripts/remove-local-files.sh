#!/bin/sh
# Removes what the local provider keeps for all stacks together (images, cached packages, the state
# directory), unless a stack on this computer still has a server.
#
#   sh scripts/remove-local-files.sh [--keep-images]
set -eu

state=/var/lib/bootmachine/local
cache=/var/cache/bootmachine

if [ -d "$state/machines" ] && [ -n "$(find "$state/machines" -mindepth 2 -maxdepth 2 -type d)" ]; then
	echo "Kept $state and $cache: another stack on this computer has servers."
	exit 0
fi
# Never reach through a mount: with one left, something of the provider is still there.
if grep -q " $state/" /proc/self/mounts; then
	echo "Kept $state: something is still mounted there." >&2
	exit 1
fi
rm -rf "$state"
rmdir /var/lib/bootmachine 2>/dev/null || true
if [ "${1-}" != --keep-images ]; then
	rm -rf "$cache"
fi
