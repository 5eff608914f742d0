import { keepAccounts } from "./access-accounts.ts";
import { ACCESS_DIRECTORY, RESTORE_SCRIPT, restoreScript } from "./access-restore.ts";
import { armTimer, REMOVE_TIMER, startTimer } from "./access-timer.ts";

/** Single-quotes text for sh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export interface ArmOptions {
  readonly limitMs: number;
  /** Absolute paths of files and directories that the change may touch; none inside another. */
  readonly paths: readonly string[];
  /** Users whose accounts and keys the change may touch, besides those whom the host remembers. */
  readonly users: readonly string[];
  readonly sshService: string;
}

/** Keeps what the change may touch, and starts the countdown. Prints "armed" last. */
export function armScript(options: ArmOptions): string {
  return String.raw`umask 077
mkdir -p ${ACCESS_DIRECTORY} && cd ${ACCESS_DIRECTORY} || exit 1
if [ -e armed ] || [ -e restoring ]; then echo "an access change is already under way" >&2; exit 1; fi
rm -rf backup step worker disarmed report && mkdir -p backup/files || exit 1
printf '%s\n' ${options.paths.map(quoted).join(" ")} >backup/paths || exit 1
${keepAccounts(options.users)}
while IFS= read -r path; do
  [ -e "$path" ] || [ -h "$path" ] || continue
  mkdir -p "backup/files$(dirname "$path")" && cp -a "$path" "backup/files$path" || { echo "cannot keep a copy of $path" >&2; exit 1; }
done <backup/paths || exit 1
if command -v nft >/dev/null 2>&1 && nft list table inet bootmachine >backup/nft-table 2>/dev/null; then :; else rm -f backup/nft-table; fi
if [ -d /run/systemd/system ]; then
  systemctl is-active --quiet ${options.sshService}.socket && : >backup/ssh-socket-active
  systemctl is-active --quiet firewalld.service && : >backup/firewalld-active
fi
if command -v ufw >/dev/null 2>&1 && ufw status 2>/dev/null | grep -q '^Status: active'; then : >backup/ufw-active; fi
echo ${quoted(`${options.limitMs / 1000} s`)} >limit && echo arm >step || exit 1
cat >${RESTORE_SCRIPT} <<'BOOTMACHINE_RESTORE' || exit 1
${restoreScript(REMOVE_TIMER, options.sshService)}BOOTMACHINE_RESTORE
chmod 0700 ${RESTORE_SCRIPT}
: >armed || exit 1
${armTimer(options.limitMs)}
echo armed`;
}

/** Notes the step that begins and starts the countdown anew. Exit 3: the host has gone back, or is going back. */
export function renewScript(step: string, limitMs: number): string {
  return String.raw`cd ${ACCESS_DIRECTORY} && [ -e armed ] || exit 3
echo ${step} >step || exit 1
${startTimer(limitMs)}
[ -e armed ] || exit 3`;
}

/** The confirmation. Exit 3: too late, the host has gone back. */
export const DISARM_SCRIPT = String.raw`cd ${ACCESS_DIRECTORY} || exit 1
cause=disarm
# The rename decides between this and the restore script. A disarm whose answer was lost may come twice.
mv armed disarmed 2>/dev/null || [ -e disarmed ] || exit 3
${REMOVE_TIMER}
rm -rf backup step worker limit sleeper report report.shown
sync
echo disarmed`;

/** Ends a disarm whose answer was lost. Exit 3: the change was never confirmed; nothing is done then. */
export const END_DISARM_SCRIPT = String.raw`[ -e ${ACCESS_DIRECTORY}/disarmed ] || exit 3
${DISARM_SCRIPT}`;

/** Puts everything back now. */
export function restoreNowScript(reason: string): string {
  return `sh ${RESTORE_SCRIPT} now ${quoted(reason)}`;
}

/**
 * What an earlier change left behind: the first line is `none`, `armed`, `restoring` or `restored`; the report of a
 * restore that no run has shown yet follows it.
 */
export const STATE_SCRIPT = String.raw`cd ${ACCESS_DIRECTORY} 2>/dev/null || { echo none; exit 0; }
if [ -e armed ]; then echo armed
elif [ -e restoring ]; then echo restoring
elif [ -e report ]; then echo restored
else echo none; fi
cat report 2>/dev/null
exit 0`;

/** The report has been shown: it is kept for people, under another name. */
export const REPORT_SHOWN_SCRIPT = `cd ${ACCESS_DIRECTORY} 2>/dev/null && mv -f report report.shown 2>/dev/null; exit 0`;

/** Exit 0 when no access change is unfinished on the host. */
export const NOTHING_ARMED_CHECK = String.raw`[ ! -e ${ACCESS_DIRECTORY}/armed ] && [ ! -e ${ACCESS_DIRECTORY}/restoring ] || {
  echo "an earlier access change is unfinished: the host is about to go back (bootmachine secure ends it)"
  false
}`;

/** Notes the session of the program that works on the change, so that a restore can stop it. Always exits 0. */
export const NOTE_WORKER_CHECK = String.raw`[ -e ${ACCESS_DIRECTORY}/armed ] && cut -d' ' -f6 /proc/self/stat >${ACCESS_DIRECTORY}/worker`;
