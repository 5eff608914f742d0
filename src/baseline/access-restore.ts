import { RESTORE_ACCOUNTS } from "./access-accounts.ts";

/** Everything of an access change that lives on the host. */
export const ACCESS_DIRECTORY = "/var/lib/bootmachine/access";
export const RESTORE_SCRIPT = `${ACCESS_DIRECTORY}/restore.sh`;

/**
 * The restore script: puts the ways into the host back as they were when the change was armed.
 *
 * @param removeTimer shell text that ends the countdown; `$cause` says who runs the script.
 * @param sshService the unit of the ssh server.
 */
export function restoreScript(removeTimer: string, sshService: string): string {
  return String.raw`#!/bin/sh
# bootmachine: puts the ways into this host back as they were before the last change of them.
#
# Who reads this at 3 a.m.: run it by hand, as root, from the console, when you cannot get in by ssh after a change:
#     sh ${RESTORE_SCRIPT}
# It restores the files under ${ACCESS_DIRECTORY}/backup/files (sshd's configuration, the firewall's, sudo's rules) and
# the accounts and keys of the users in backup/users, loads the firewall of that time, and restarts sshd. It may be run
# twice. It does nothing when no change is unfinished.
# What it did stands in ${ACCESS_DIRECTORY}/report.
#
# It is run by a timer when nobody confirmed the change in time ("timer"), at boot when the host was rebooted in the
# middle of a change ("boot"), or by bootmachine itself ("now", with a reason).

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
LC_ALL=C
export LC_ALL
umask 077
cause=${"${1:-hand}"}
reason=${"${2:-}"}
cd ${ACCESS_DIRECTORY} || exit 1

# One at a time.
if command -v flock >/dev/null 2>&1; then
  exec 9>lock
  flock -w 60 9 || { echo "another restore is still running" >&2; exit 1; }
fi

# "armed" is a file; whoever renames it first decides: this script (to "restoring") or the confirmation (to "disarmed").
mv armed restoring 2>/dev/null
if ! [ -e restoring ]; then
  echo "no change of the ways in is unfinished: nothing to put back"
  exit 0
fi
step=$(cat step 2>/dev/null)
limit=$(cat limit 2>/dev/null)
case $cause in
  timer) reason="nobody confirmed the change within $limit after its step \"$step\" had begun" ;;
  boot) reason="the host was rebooted in the middle of the change (step \"$step\")" ;;
  hand) reason="somebody ran the restore script by hand" ;;
esac
problems=
problem() { problems="$problems
problem: $1"; echo "$1" >&2; }

# 1. Whatever still works on the change has to stop first, or it would go on over what is put back here.
worker=$(cat worker 2>/dev/null)
read -r line </proc/self/stat
# The fields after "pid (command) " are: state ppid pgrp session ...; the command may hold blanks and brackets.
# shellcheck disable=SC2086 # the fields of one line
set -- ${"${line##*) }"}
own=$4
if [ -n "$worker" ] && [ "$worker" != "$own" ]; then
  # Its session, and those that its processes have begun.
  sessions=" $worker " members=" "
  for pass in 1 2; do
    for stat in /proc/[0-9]*/stat; do
      read -r line 2>/dev/null <"$stat" || continue
      # shellcheck disable=SC2086
      set -- ${"${line##*) }"}
      case $sessions in *" $4 "*) members="$members${"${line%% *}"} " ;; esac
      case $members in *" $2 "*)
        case $sessions in *" $4 "*) ;; *) [ "$4" = "$own" ] || sessions="$sessions$4 " ;; esac ;;
      esac
    done
  done
  for signal in TERM KILL; do
    found=
    for stat in /proc/[0-9]*/stat; do
      read -r line 2>/dev/null <"$stat" || continue
      # shellcheck disable=SC2086
      set -- ${"${line##*) }"}
      [ "$1" != Z ] || continue
      case $sessions in *" $4 "*) kill -s "$signal" "${"${line%% *}"}" 2>/dev/null && found=1 ;; esac
    done
    [ -n "$found" ] || break
    sleep 0.3 2>/dev/null || sleep 1
  done
fi

# 2. Files and directories. A path without a copy did not exist, and goes.
units=
while IFS= read -r path; do
  saved=backup/files$path
  if [ -e "$saved" ] || [ -h "$saved" ]; then
    if diff -rq --no-dereference "$saved" "$path" >/dev/null 2>&1 && [ "$(stat -c '%a %u %g' "$saved")" = "$(stat -c '%a %u %g' "$path")" ]; then continue; fi
    new=$path.bootmachine-restore old=$path.bootmachine-old
    rm -rf "$new" "$old"
    mkdir -p "$(dirname "$path")"
    cp -a "$saved" "$new" || { problem "cannot copy $saved to $new"; continue; }
    if [ -d "$path" ] && ! [ -h "$path" ]; then mv "$path" "$old" || problem "cannot move $path away"; fi
    mv -T "$new" "$path" || problem "cannot put $path back"
    rm -rf "$old"
  else
    rm -rf "$path" || problem "cannot remove $path"
  fi
  case $path in /etc/systemd/*) units=1 ;; esac
done <backup/paths

# 3. Accounts, their places in groups, and their keys.
${RESTORE_ACCOUNTS}
sync

# 4. The firewall. Only our own nftables table was touched: it gets its old rules, or goes. (Not by its unit: what was
#    live then may have been something else than what the file says.)
if command -v nft >/dev/null 2>&1; then
  {
    echo "table inet bootmachine"
    echo "delete table inet bootmachine"
    cat backup/nft-table 2>/dev/null
  } >nft-restore
  # At boot there is no table yet, and a kernel without nftables has nothing to put back.
  if nft list tables >/dev/null 2>&1; then nft -f nft-restore || problem "nft refuses the old table; see ${ACCESS_DIRECTORY}/nft-restore"; fi
fi
if [ "$cause" != boot ]; then
  if [ -e backup/ufw-active ]; then ufw reload >/dev/null || problem "ufw does not reload"; fi
  if [ -e backup/firewalld-active ]; then firewall-cmd --reload >/dev/null || problem "firewalld does not reload"; fi
fi

# 5. sshd. At boot it has not been started yet, and will read the files put back above. Sessions live on.
if [ "$cause" != boot ]; then
  [ -d /run/sshd ] || mkdir -p -m 0755 /run/sshd
  if [ -d /run/systemd/system ]; then
    [ -z "$units" ] || systemctl daemon-reload
    [ -e /etc/systemd/system/bootmachine-firewall.service ] || systemctl stop bootmachine-firewall.service 2>/dev/null
    systemctl reset-failed bootmachine-firewall.service ${sshService}.service 2>/dev/null
    if [ -e backup/ssh-socket-active ]; then
      systemctl stop ${sshService}.service 2>/dev/null
      systemctl restart ${sshService}.socket || problem "${sshService}.socket does not start"
    elif sshd -t; then
      systemctl restart ${sshService}.service || problem "${sshService}.service does not start"
    else
      problem "sshd -t refuses the old configuration: sshd was left running as it is"
    fi
  elif sshd -t; then
    service ${sshService} restart || problem "the ssh server does not restart"
  fi
fi

# 6. The report, for the next run and for you; then the end of it.
{
  echo "at: $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  echo "cause: $cause"
  echo "reason: $reason"
  [ -z "$problems" ] || printf '%s\n' "$problems" | grep .
} >report.new && mv report.new report
rm -f restoring step worker nft-restore
# Password hashes are kept no longer than they are needed.
rm -rf backup/accounts
sync
${removeTimer}
echo "the ways into this host were put back: $reason"
[ -z "$problems" ]
`;
}
