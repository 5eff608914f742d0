import type { HostFacts } from "../../host/facts.ts";
import type { DistroOperations } from "../contract.ts";
import { accountOperations } from "./accounts.ts";
import { packageOperations } from "./apt.ts";
import { rebootOperations } from "./reboot.ts";
import { serviceOperations } from "./services.ts";
import { settingOperations } from "./settings.ts";

/** The total table: a missing operation is a compile error. */
export function debianOperations(facts: HostFacts): DistroOperations {
  return {
    ...packageOperations(),
    ...serviceOperations(facts),
    ...accountOperations(),
    ...settingOperations(),
    ...rebootOperations(facts),
  };
}
