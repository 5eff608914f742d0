import type { HostFacts } from "../../host/facts.ts";
import type { DistroOperations, Operation } from "../contract.ts";

type ServiceOperations = Pick<
  DistroOperations,
  | "serviceIsRunning"
  | "serviceIsEnabled"
  | "serviceStart"
  | "serviceStop"
  | "serviceEnable"
  | "serviceDisable"
  | "serviceReload"
  | "serviceRestart"
>;

/**
 * A link among a target's wants is what enabling makes, and seen at once; all else (masked, an alias, a generated unit) is
 * asked of systemd, which takes some milliseconds.
 */
const IS_ENABLED = String.raw`if ! [ -c "/etc/systemd/system/$1" ] && ! [ -c "/run/systemd/system/$1" ]; then
  for bm_link in /etc/systemd/system/*.wants/"$1" /etc/systemd/system/*.requires/"$1"; do
    if [ -e "$bm_link" ]; then return 0; fi
  done
fi
systemctl is-enabled --quiet -- "$1" 2>/dev/null`;

/** Services by systemd, Debian's default since 8. */
export function serviceOperations(facts: HostFacts): ServiceOperations {
  const systemctl = (sh: string): Operation =>
    facts.init === "systemd"
      ? { sh }
      : { impossible: `services are administered by systemd, and this host runs ${facts.init}` };
  return {
    serviceIsRunning: systemctl(`systemctl is-active --quiet -- "$1"`),
    serviceIsEnabled: systemctl(IS_ENABLED),
    serviceStart: systemctl(`systemctl start -- "$1"`),
    serviceStop: systemctl(`systemctl stop -- "$1"`),
    serviceEnable: systemctl(`systemctl --quiet enable -- "$1"`),
    serviceDisable: systemctl(`systemctl --quiet disable -- "$1"`),
    serviceReload: systemctl(`systemctl reload-or-restart -- "$1"`),
    serviceRestart: systemctl(`systemctl restart -- "$1"`),
  };
}
