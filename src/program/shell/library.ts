import type { HostFacts } from "../../host/facts.ts";
import type { ProgramMode } from "../program.ts";
import {
  ACCOUNT_FUNCTIONS,
  ACCOUNT_MENDING_FUNCTIONS,
  GROUP_FUNCTIONS,
  USER_FUNCTIONS,
} from "../resources/accounts.ts";
import {
  AUTHORIZED_KEYS_FUNCTIONS,
  AUTHORIZED_KEYS_MENDING_FUNCTIONS,
} from "../resources/authorized-keys.ts";
import { BLOCK_FUNCTIONS, BLOCK_MENDING_FUNCTIONS } from "../resources/block.ts";
import { COMMAND_FUNCTIONS, COMMAND_MENDING_FUNCTIONS } from "../resources/command.ts";
import {
  PACKAGE_APPLY_MODE_FUNCTIONS,
  PACKAGE_CHECK_MODE_FUNCTIONS,
  PACKAGE_FUNCTIONS,
  UPGRADE_APPLY_MODE_FUNCTIONS,
  UPGRADE_CHECK_MODE_FUNCTIONS,
  UPGRADE_FUNCTIONS,
} from "../resources/packages.ts";
import { SUDO_MENDING_FUNCTIONS } from "../resources/sudo-rule.ts";
import { SYSCTL_FUNCTIONS, SYSCTL_MENDING_FUNCTIONS } from "../resources/sysctl.ts";
import { FILE_FUNCTIONS, statFunction } from "./file-functions.ts";
import { asUserFunction, FILE_MENDING_FUNCTIONS } from "./file-mending-functions.ts";
import { DIFF_FUNCTIONS, REPORT_FUNCTIONS, SILENT_DIFF_FUNCTIONS } from "./report-functions.ts";
import {
  APPLY_MODE_FUNCTIONS,
  CHECK_MODE_FUNCTIONS,
  COMMON_RESOURCE_FUNCTIONS,
} from "./resource-functions.ts";

const CHECKING = {
  ...COMMON_RESOURCE_FUNCTIONS,
  ...FILE_FUNCTIONS,
  ...BLOCK_FUNCTIONS,
  ...ACCOUNT_FUNCTIONS,
  ...GROUP_FUNCTIONS,
  ...USER_FUNCTIONS,
  ...AUTHORIZED_KEYS_FUNCTIONS,
  ...PACKAGE_FUNCTIONS,
  ...UPGRADE_FUNCTIONS,
  ...SYSCTL_FUNCTIONS,
  ...COMMAND_FUNCTIONS,
} as const;

/** Left out of a check program: what is not there cannot change anything. */
const MENDING = {
  ...FILE_MENDING_FUNCTIONS,
  ...BLOCK_MENDING_FUNCTIONS,
  ...ACCOUNT_MENDING_FUNCTIONS,
  ...AUTHORIZED_KEYS_MENDING_FUNCTIONS,
  ...SUDO_MENDING_FUNCTIONS,
  ...SYSCTL_MENDING_FUNCTIONS,
  ...COMMAND_MENDING_FUNCTIONS,
} as const;

/** Every shell function that a program of this mode may use, by its name; a program gets those that it names. */
export function shellLibrary(mode: ProgramMode, facts: HostFacts): ReadonlyMap<string, string> {
  return new Map(
    Object.entries({
      ...REPORT_FUNCTIONS,
      p_stat: statFunction(facts.kernelName),
      ...(mode === "check"
        ? {
            ...DIFF_FUNCTIONS,
            ...CHECK_MODE_FUNCTIONS,
            ...CHECKING,
            ...PACKAGE_CHECK_MODE_FUNCTIONS,
            ...UPGRADE_CHECK_MODE_FUNCTIONS,
          }
        : {
            ...SILENT_DIFF_FUNCTIONS,
            ...APPLY_MODE_FUNCTIONS,
            ...CHECKING,
            ...PACKAGE_APPLY_MODE_FUNCTIONS,
            ...UPGRADE_APPLY_MODE_FUNCTIONS,
            p_as: asUserFunction(facts.kernelName),
            ...MENDING,
          }),
    }),
  );
}
