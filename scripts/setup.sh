#!/bin/sh
# Makes this work tree ready to run: the npm packages (with Node 24 among them) and dist/.
# Plain POSIX sh, because it runs before anything is installed. Does nothing, in well under a second,
# where all is in place.
#
#   sh scripts/setup.sh [--no-build]
set -eu

cd "$(dirname "$0")/.."
# `npm run` puts node_modules/.bin first; a person who calls this file directly has not.
PATH=$PWD/node_modules/.bin:$PATH
export PATH

stop() {
	printf 'set-up: %s\n' "$*" >&2
	exit 1
}

build=yes
for argument; do
	case $argument in
	--no-build) build=no ;;
	*) stop "unknown argument $argument" ;;
	esac
done

command -v npm >/dev/null 2>&1 ||
	stop "npm is missing. Install Node.js 20 or later with npm 10 or later (on Debian: the packages nodejs and npm)."

# 1. npm packages: again only when package-lock.json has another content than at the last time.
stamp=node_modules/.bootmachine-stamp
wanted=$(cksum <package-lock.json)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
	installed=node_modules/.package-lock.json
	if [ -f "$installed" ] && [ ! -f "$stamp" ] && [ -z "$(find package-lock.json -newer "$installed")" ]; then
		: # Somebody ran `npm install` by hand after the last change of the lock file.
	else
		echo "set-up: installing the npm packages of package-lock.json (npm ci)"
		# npm's warnings about the system's older Node are beside the point: Node 24 comes with the packages.
		npm ci --loglevel=error || stop "npm ci failed; its message is above."
	fi
	printf '%s\n' "$wanted" >"$stamp"
fi

# 2. The development Node. Its package fetches the binary in an install script, which npm may be told not to run.
development_node() {
	node_modules/.bin/node -e 'process.exitCode = process.features.typescript ? 0 : 1' 2>/dev/null
}
if ! development_node; then
	echo "set-up: the install script of the package 'node' has not run; running it now"
	(cd node_modules/node && node installArchSpecificPackage) >&2 || true
	development_node ||
		stop "node_modules/.bin/node does not run. Delete node_modules and run 'npm ci --ignore-scripts=false'; there is a binary for Linux, macOS and Windows on x64 and arm64."
fi

# 3. dist/: again only when a source file has another content than at the last build.
if [ "$build" = yes ]; then
	now=$(find src package.json tsconfig.json tsconfig.build.json -type f | LC_ALL=C sort | xargs cksum | cksum)
	if [ ! -f dist/cli/main.js ] || [ "$(cat .cache/build-stamp 2>/dev/null)" != "$now" ]; then
		echo "set-up: building dist/"
		node scripts/build.ts || stop "the build failed; its message is above."
		mkdir -p .cache
		printf '%s\n' "$now" >.cache/build-stamp
	fi
fi
