import type { HostFacts } from "../../host/facts.ts";
import type { Resource } from "../../program/resource.ts";

/** How long the first boot's own work may take. */
const LIMIT_SECONDS = 900;
const JUDGED = "/var/lib/bootmachine/first-boot-judged";
const ACCEPTED = "/var/lib/bootmachine/cloud-init-accepted";

/**
 * Parts of cloud-init whose failure leaves nothing undone that bootmachine does not do itself (locale, time zone, host
 * name, packages), or that mean nothing on this host (disks that cannot grow, udev in a container).
 */
const HARMLESS =
  "locale|timezone|ntp|growpart|resizefs|disk_setup|set_hostname|update_hostname|update_etc_hosts|keyboard|keys_to_console|" +
  "package_update_upgrade_install|package-update-upgrade-install|final_message|grub_dpkg|udevadm|apt_configure|apt-configure";

/**
 * Waits for cloud-init, with a limit, and judges how it ended.
 *
 * Exit 0 is well; 2 (since 23.4) means that it ended with errors that it got over: a warning; 1 is an error: passed over
 * with its reason when every module that failed is harmless, else CLOUD_INIT_FAILED. The releases before 23.4 (Debian 11,
 * 12) have no exit 2 and say 1 for both, so the errors themselves are looked at.
 */
export function firstBootResources(
  facts: HostFacts,
  limitSeconds = LIMIT_SECONDS,
): readonly Resource[] {
  if (!facts.hasCloudInit) return [];
  return [
    {
      type: "command",
      id: "first boot finished",
      failsAs: "CLOUD_INIT_FAILED",
      check: `[ -e ${JUDGED} ]`,
      run: String.raw`# Its result is written when all its stages are over.
if ! [ -e /run/cloud-init/result.json ]; then
  echo "waiting for cloud-init, which is still at work on the first boot (limit: ${limitSeconds} s)"
fi
bm_end=$(($(date +%s) + ${limitSeconds}))
timeout ${limitSeconds} cloud-init status --wait >/dev/null 2>&1
bm_status=$?
# Before 23.4 it answers as soon as one stage has failed, with others still at work. Where the last one never runs, there
# never is a result.
while [ "$bm_status" -ne 0 ] && [ "$bm_status" -ne 124 ] && ! [ -e /run/cloud-init/result.json ]; do
  case $(systemctl show -p ActiveState --value cloud-final.service 2>/dev/null):$(systemctl show -p Job --value cloud-final.service 2>/dev/null) in
    activating:*|inactive:[1-9]*) ;;
    *) break ;;
  esac
  if [ "$(date +%s)" -ge "$bm_end" ]; then bm_status=124; else sleep 1; fi
done
if [ "$bm_status" -eq 124 ]; then
  echo "TIMEOUT: cloud-init did not finish within ${limitSeconds} s; it is at:" >&2
  cloud-init status --long >&2
  exit 1
fi
# One error a line: "('locale', ProcessExecutionError(...))", or plain text.
bm_errors=$(sed -n '/"errors": *\[/,/\]/p' /run/cloud-init/result.json 2>/dev/null | sed -n 's/^ *"\(.*\)",\{0,1\}$/\1/p' | grep -v '^errors')
case $bm_status in
  0) ;;
  2)
    echo "warning: cloud-init got over errors of its own:"
    cloud-init status --long 2>/dev/null | sed -n '/recoverable_errors/,$p'
    ;;
  *)
    bm_grave=$(printf '%s\n' "$bm_errors" | grep . | grep -Ev "^\(?'?(${HARMLESS})\b|udevadm")
    if [ -z "$bm_errors" ]; then bm_grave="$(cloud-init status --long 2>&1)"; fi
    if [ -n "$bm_grave" ] && ! [ -e ${ACCEPTED} ]; then
      {
        echo "cloud-init ended with an error:"
        printf '%s\n' "$bm_grave"
        echo "If that does not matter to you: touch ${ACCEPTED} on this host, and run the command again."
      } >&2
      exit 1
    fi
    echo "warning: cloud-init says error; going on, because nothing that matters here failed:"
    printf '%s\n' "$bm_errors"
    # They would be told as failed units from now on, and have been judged here.
    systemctl reset-failed 'cloud-*.service' 2>/dev/null
    ;;
esac
mkdir -p -m 0700 /var/lib/bootmachine && : >${JUDGED}`,
      timeoutSeconds: limitSeconds + 60,
    },
    {
      // At each later boot cloud-init would put its own host name and hosts file back.
      type: "file",
      path: "/etc/cloud/cloud.cfg.d/99-bootmachine.cfg",
      content: [
        "# Written by bootmachine: it keeps the host name and /etc/hosts from here on.",
        "preserve_hostname: true",
        "manage_etc_hosts: false",
        "",
      ].join("\n"),
    },
  ];
}
