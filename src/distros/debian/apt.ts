import type { DistroOperations, Operation } from "../contract.ts";

/**
 * Packages by apt-get and dpkg. Each operation's body carries the shell functions that it needs, so that a body can be
 * read, and tried, by itself.
 */

/** How long another package manager (apt-daily at boot, cloud-init) is waited for. */
export const LOCK_WAIT_SECONDS = 300;
/** How long one refresh of the package lists may take. */
const REFRESH_LIMIT_SECONDS = 300;
/** Package lists older than this are refreshed first. The host's own daily timer counts as a refresh. */
export const LISTS_MAX_AGE_MINUTES = 48 * 60;
/** Touched after each refresh of ours that succeeded. */
export const REFRESH_STAMP = "/var/lib/bootmachine/apt-refreshed";

/** A `$` that the template does not see as its own. */
const D = "$";

const APT = String.raw`bm_limit=
bm_apt() {
  # Asks nothing, keeps configuration files that somebody changed, and waits for dpkg's lock: the frontend lock first.
  # A retry is made at once: after a broken transfer apt 2.6 was seen to wait for ever, with no connection open, for one that it had put off.
  DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=a NEEDRESTART_SUSPEND= LC_ALL=C \
    ${D}{bm_limit:+timeout -k 10 "$bm_limit"} apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS} -o Acquire::Retries=3 -o Acquire::Retries::Delay=false "$@" </dev/null
}
bm_patient() {
  # Runs "$@" again while it fails for a lock that apt itself does not wait for (its lists, its cache, plain dpkg).
  # Leaves the last words on standard error in bm_said.
  bm_tries=0
  bm_errors=$(mktemp) || return 1
  while :; do
    "$@" 2>"$bm_errors"
    bm_status=$?
    bm_said=$(cat "$bm_errors")
    [ -z "$bm_said" ] || printf '%s\n' "$bm_said" >&2
    [ "$bm_status" -ne 0 ] || break
    case $bm_said in
      *lock*/var/lib/apt/lists*|*lock*/var/cache/apt/archives*|*"lock was locked by another process"*) ;;
      *) break ;;
    esac
    bm_tries=$((bm_tries + 1))
    [ "$bm_tries" -lt ${Math.floor(LOCK_WAIT_SECONDS / 3)} ] || break
    sleep 3
  done
  rm -f "$bm_errors"
  return "$bm_status"
}`;

const FRESH = String.raw`bm_lists_are_fresh() {
  # By a refresh of ours, or by the host's own daily timer; never when the sources were changed after it.
  for bm_stamp in ${REFRESH_STAMP} /var/lib/apt/periodic/update-success-stamp /var/lib/apt/periodic/update-stamp; do
    [ -e "$bm_stamp" ] || continue
    [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer "$bm_stamp" 2>/dev/null)" ] || continue
    [ -z "$(find "$bm_stamp" -mmin -${LISTS_MAX_AGE_MINUTES} 2>/dev/null)" ] || return 0
  done
  return 1
}
bm_refresh() {
  # apt-get exits 0 when a source could not be reached; Error-Mode=any (apt 2.3+; ignored before) makes that a failure.
  # Twice, each with a limit: a download that stands still is begun anew, and goes on from what is there.
  bm_limit=${REFRESH_LIMIT_SECONDS}
  bm_patient bm_apt update -o APT::Update::Error-Mode=any ||
    bm_patient bm_apt update -o APT::Update::Error-Mode=any || { bm_limit=; return "$bm_status"; }
  bm_limit=
  case $bm_said in *"Failed to fetch"*) return 100 ;; esac
  mkdir -p -m 0700 /var/lib/bootmachine && : >${REFRESH_STAMP}
}`;

const MEND = String.raw`bm_dpkg_configure() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C \
    dpkg --force-confdef --force-confold --configure -a </dev/null
}
bm_mend() {
  # An install that was killed half-way (power cut, reboot) leaves packages that dpkg refuses to go on from.
  # Waiting for the lock comes first: what is half-installed now may be somebody's install in progress.
  set -- /var/lib/dpkg/updates/[0-9]*
  if ! [ -e "$1" ] && [ -z "$(dpkg --audit 2>/dev/null)" ]; then return 0; fi
  echo "an earlier installation was interrupted: dpkg --configure -a"
  bm_patient bm_dpkg_configure || true
  bm_broken=$(dpkg-query -W -f='${D}{db:Status-Abbrev} ${D}{binary:Package}\n' | sed -n 's/^..R *//p')
  # shellcheck disable=SC2086 # a list of names
  [ -z "$bm_broken" ] || bm_patient bm_apt install --reinstall $bm_broken || true
  bm_patient bm_apt -f install
}`;

const CHANGE = String.raw`bm_change() {
  # apt-get "$@", with lists that are fresh, after mending; once more after a refresh when the archive has moved on.
  bm_lists_are_fresh || bm_refresh || echo "the package lists could not be refreshed; going on with those that are here" >&2
  bm_mend || return
  bm_patient bm_apt "$@" && return
  bm_failed=$bm_status
  case $bm_said in
    *"Unable to locate package"*|*"no installation candidate"*|*"Failed to fetch"*|*"404 "*|*"Hash Sum mismatch"*) ;;
    *) return "$bm_failed" ;;
  esac
  bm_refresh || return
  bm_patient bm_apt "$@"
}`;

const PENDING = String.raw`bm_pending() {
  # $1 all|security. Half-installed packages count: the next run has to mend them.
  # apt's simulation takes a third of a second, so "nothing" is remembered until something that it depends on changes:
  # what dpkg knows, be it in its journal only, the lists, and apt's settings.
  bm_memo=/var/lib/bootmachine/memo/no-upgrades-$1
  if [ -e "$bm_memo" ]; then
    [ -n "$(find /var/lib/dpkg/status /var/lib/dpkg/updates /var/lib/apt/lists /etc/apt /etc/apt/preferences.d \
      /etc/apt/apt.conf.d /etc/apt/sources.list.d -maxdepth 0 -newer "$bm_memo" 2>/dev/null)" ] || return 0
  fi
  bm_half=$(dpkg-query -W -f='${D}{db:Status-Abbrev} ${D}{Package}\n' | sed -n -e 's/^.[HUFWt]. *//p' -e 's/^..R *//p')
  [ -z "$bm_half" ] || printf '%s\n' "$bm_half"
  bm_plan=$(bm_apt -s -o Debug::NoLocking=1 upgrade --with-new-pkgs 2>&1) || {
    # A dpkg that was interrupted makes even the simulation fail; the half-installed names above say enough.
    [ -n "$bm_half" ] && return 0
    printf '%s\n' "$bm_plan" >&2
    return 1
  }
  # "Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/stable-security [amd64])"
  bm_names=$(printf '%s\n' "$bm_plan" | awk -v scope="$1" \
    '$1 == "Inst" && (scope == "all" || ($3 ~ /^\[/ && /[( ]Debian-Security:/)) { print $2 }')
  if [ -n "$bm_names" ]; then
    printf '%s\n' "$bm_names"
  elif [ -z "$bm_half" ] && [ -d /var/lib/bootmachine ]; then
    mkdir -p /var/lib/bootmachine/memo 2>/dev/null && : >"$bm_memo" 2>/dev/null
  fi
  return 0
}`;

function body(...parts: readonly string[]): Operation {
  return { sh: parts.join("\n") };
}

export function packageOperations(): Pick<
  DistroOperations,
  | "packageIsInstalled"
  | "packagesInstall"
  | "packagesRemove"
  | "packagesRefresh"
  | "upgradesPending"
  | "upgrade"
> {
  return {
    // Takes any number of names: 0 when all are installed. One dpkg-query for a list is what keeps a check fast.
    packageIsInstalled:
      body(String.raw`bm_states=$(dpkg-query -W -f='${D}{db:Status-Status}\n' -- "$@" 2>/dev/null) || return 1
case $bm_states in *not-installed*|*config-files*|*half-*|*unpacked*|*triggers-awaiting*) return 1 ;; esac
return 0`),
    packagesInstall: body(
      APT,
      FRESH,
      MEND,
      CHANGE,
      `bm_change install --no-install-recommends "$@"`,
    ),
    packagesRemove: body(APT, MEND, `bm_mend && bm_patient bm_apt remove "$@"`),
    packagesRefresh: body(APT, FRESH, "bm_refresh"),
    upgradesPending: body(APT, PENDING, `bm_pending "$1"`),
    upgrade: body(
      APT,
      FRESH,
      MEND,
      CHANGE,
      PENDING,
      String.raw`if [ "$1" = all ]; then
  # Not dist-upgrade: within a stable release nothing has to be removed, and a removal nobody asked for is a surprise.
  bm_change upgrade --with-new-pkgs
else
  bm_lists_are_fresh || bm_refresh || return
  bm_mend || return
  bm_wanted=$(bm_pending security) || return
  [ -n "$bm_wanted" ] || return 0
  # shellcheck disable=SC2086 # a list of names
  bm_change install --only-upgrade --no-install-recommends $bm_wanted
fi`,
    ),
  };
}

/** Shell text that exits 0 when the package lists are fresh. */
export const LISTS_ARE_FRESH = `${FRESH}\nbm_lists_are_fresh`;

/** Shell text that refreshes the package lists. */
export const REFRESH_LISTS = `${APT}\n${FRESH}\nbm_refresh`;
