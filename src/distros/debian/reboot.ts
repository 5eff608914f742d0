import type { HostFacts } from "../../host/facts.ts";
import type { DistroOperations } from "../contract.ts";

const D = "$";

/** Packages say so themselves (kernels and libc through /run/reboot-required, where something writes it). */
const MARKER = String.raw`for bm_marker in /run/reboot-required /run/reboot-needed; do
  [ -e "$bm_marker" ] || continue
  echo "$bm_marker exists: $(sort -u "$bm_marker.pkgs" 2>/dev/null | tr '\n' ' ')"
  return 0
done`;

/** A kernel was installed that does not run yet: another release, or a later build of the same one. */
const KERNEL = String.raw`bm_running=$(uname -r)
bm_newest=$(cd /boot 2>/dev/null && ls -1 vmlinuz-* 2>/dev/null | sed 's/^vmlinuz-//' | sort -V | tail -n 1)
if [ -n "$bm_newest" ] && [ "$bm_newest" != "$bm_running" ]; then
  echo "kernel $bm_newest is installed, $bm_running runs"
  return 0
fi
bm_installed=$(dpkg-query -W -f='${D}{Version}' "linux-image-$bm_running" 2>/dev/null)
if [ -n "$bm_installed" ]; then
  case "$(uname -v) " in
    *" $bm_installed "*) ;;
    *Debian*) echo "kernel package $bm_installed is installed, an earlier build of it runs"; return 0 ;;
  esac
fi`;

/** Not a reason to reboot, but worth a line: these run with libraries that were replaced under them. */
const STALE = String.raw`bm_stale=$(grep -lE '\.so[^ ]* \(deleted\)$' /proc/[0-9]*/maps 2>/dev/null | while IFS=/ read -r _ _ bm_pid _; do
  cat "/proc/$bm_pid/comm" 2>/dev/null
done | sort -u | tr '\n' ' ')
[ -z "$bm_stale" ] || echo "still use libraries that were replaced (restart them, no reboot needed): $bm_stale"
return 1`;

export function rebootOperations(
  facts: HostFacts,
): Pick<DistroOperations, "rebootIsNeeded" | "reboot"> {
  return {
    rebootIsNeeded: {
      // A container runs the kernel of its computer: what lies in its /boot means nothing.
      sh: facts.isContainer ? `${MARKER}\n${STALE}` : `${MARKER}\n${KERNEL}\n${STALE}`,
    },
    reboot: {
      // A second later, in a session of its own, so that the caller gets its answer first.
      sh:
        facts.init === "systemd"
          ? `setsid sh -c 'sleep 1; exec systemctl --no-block reboot' >/dev/null 2>&1 </dev/null &`
          : `setsid sh -c 'sleep 1; exec shutdown -r now' >/dev/null 2>&1 </dev/null &`,
    },
  };
}
