import { ACCESS_DIRECTORY, RESTORE_SCRIPT } from "./access-restore.ts";

/**
 * The dead man's switch: a timer that runs the restore script unless somebody stops it, and a unit that runs it at once
 * when the host boots with an unfinished change.
 */

const UNITS = "/etc/systemd/system";
const NAME = "bootmachine-access-restore";
const BOOT_WANTS = `${UNITS}/sysinit.target.wants/${NAME}-boot.service`;

const SERVICE = `# Written by bootmachine for one access change, and removed after it.
[Unit]
Description=Puts the ways into this host back (bootmachine)
StartLimitIntervalSec=0
[Service]
Type=oneshot
ExecStart=/bin/sh ${RESTORE_SCRIPT} timer
TimeoutStartSec=120
`;

function timer(limitMs: number): string {
  return `# Written by bootmachine for one access change, and removed after it.
[Unit]
Description=Waits for the confirmation of an access change (bootmachine)
# It is started anew with each step: systemd must not take that for a loop.
StartLimitIntervalSec=0
[Timer]
OnActiveSec=${limitMs}ms
AccuracySec=100ms
Unit=${NAME}.service
`;
}

/** A timer does not live through a reboot; a host that boots in the middle of a change goes back before sshd starts. */
const BOOT_SERVICE = `# Written by bootmachine for one access change, and removed after it.
[Unit]
Description=Puts the ways into this host back after a reboot in the middle of a change (bootmachine)
DefaultDependencies=no
RequiresMountsFor=/etc ${ACCESS_DIRECTORY}
After=local-fs.target
Before=sysinit.target network-pre.target nftables.service bootmachine-firewall.service ufw.service firewalld.service
Before=ssh.service ssh.socket sshd.service sshd.socket
ConditionPathExists=|${ACCESS_DIRECTORY}/armed
ConditionPathExists=|${ACCESS_DIRECTORY}/restoring
[Service]
Type=oneshot
ExecStart=/bin/sh ${RESTORE_SCRIPT} boot
TimeoutStartSec=60
`;

function here(path: string, content: string): string {
  return `cat >${path} <<'BOOTMACHINE_END' || exit 1\n${content}BOOTMACHINE_END\n`;
}

/** Starts the countdown, from the beginning. */
export function startTimer(limitMs: number): string {
  const seconds = Math.ceil(limitMs / 1000);
  return String.raw`if [ -d /run/systemd/system ]; then
  systemctl restart ${NAME}.timer || exit 1
  systemctl is-active --quiet ${NAME}.timer || { echo "the timer does not run" >&2; exit 1; }
else
  # No systemd: a process of its own session counts down. It does not live through a reboot.
  [ ! -s ${ACCESS_DIRECTORY}/sleeper ] || kill "$(cat ${ACCESS_DIRECTORY}/sleeper)" 2>/dev/null
  setsid sh -c 'echo $$ >${ACCESS_DIRECTORY}/sleeper; sleep ${seconds}; exec sh ${RESTORE_SCRIPT} timer' >/dev/null 2>&1 </dev/null &
fi`;
}

/** Writes the units and starts the countdown. */
export function armTimer(limitMs: number): string {
  return [
    "if [ -d /run/systemd/system ]; then",
    // Nothing in units is secret, and systemd complains at each reload of those that not everybody may read.
    "umask 022",
    here(`${UNITS}/${NAME}.service`, SERVICE),
    here(`${UNITS}/${NAME}.timer`, timer(limitMs)),
    here(`${UNITS}/${NAME}-boot.service`, BOOT_SERVICE),
    `mkdir -p ${UNITS}/sysinit.target.wants && ln -sf ../${NAME}-boot.service ${BOOT_WANTS} || exit 1`,
    "umask 077",
    "sync",
    "systemctl daemon-reload || exit 1",
    "fi",
    startTimer(limitMs),
  ].join("\n");
}

/** Ends the countdown and removes what belonged to it; safe to run twice, and from the restore script itself. */
export const REMOVE_TIMER = String.raw`if [ -d /run/systemd/system ]; then
  [ "$cause" = boot ] || systemctl stop ${NAME}.timer 2>/dev/null
  rm -f ${UNITS}/${NAME}.timer ${UNITS}/${NAME}.service ${UNITS}/${NAME}-boot.service ${BOOT_WANTS}
  [ "$cause" = boot ] || systemctl daemon-reload
elif [ -s ${ACCESS_DIRECTORY}/sleeper ] && [ "$cause" != timer ]; then
  kill "$(cat ${ACCESS_DIRECTORY}/sleeper)" 2>/dev/null
fi`;
