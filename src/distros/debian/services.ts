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

/** Services by systemd, Debian's default since 8. */
export function serviceOperations(facts: HostFacts): ServiceOperations {
  const systemctl = (sh: string): Operation =>
    facts.init === "systemd"
      ? { sh }
      : { impossible: `services are administered by systemd, and this host runs ${facts.init}` };
  return {
    serviceIsRunning: systemctl(`systemctl is-active --quiet -- "$1"`),
    serviceIsEnabled: systemctl(`systemctl is-enabled --quiet -- "$1" 2>/dev/null`),
    serviceStart: systemctl(`systemctl start -- "$1"`),
    serviceStop: systemctl(`systemctl stop -- "$1"`),
    serviceEnable: systemctl(`systemctl --quiet enable -- "$1"`),
    serviceDisable: systemctl(`systemctl --quiet disable -- "$1"`),
    serviceReload: systemctl(`systemctl reload-or-restart -- "$1"`),
    serviceRestart: systemctl(`systemctl restart -- "$1"`),
  };
}
