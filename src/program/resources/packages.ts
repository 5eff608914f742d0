import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { PackageResource, UpgradeResource } from "../resource.ts";
import { sh } from "../sh.ts";

export const PACKAGE_FUNCTIONS = {
  p_packages_check: sh`
# $@ names. As long as nothing was changed, one question for all packages of the program answers for each of them.
p_packages_check() {
  if [ -n "$p_fresh" ] && [ -n "$p_all_packages" ]; then
    if [ -z "\${p_all_installed-}" ]; then
      p_all_installed=no
      # A list of names.
      (op_packageIsInstalled $p_all_packages) >/dev/null 2>&1 && p_all_installed=yes
    fi
    [ "$p_all_installed" != yes ] || return 0
  fi
  if (op_packageIsInstalled "$@") >/dev/null 2>&1; then return 0; fi
  p_packages_show_missing "$@"
  return 1
}
`,
  p_packages_absent_check: sh`
p_packages_absent_check() {
  p_status=0
  for p_name do
    if (op_packageIsInstalled "$p_name") >/dev/null 2>&1; then
      p_diff_line "-package $p_name"
      p_status=1
    fi
  done
  return "$p_status"
}
`,
} as const;

export const PACKAGE_CHECK_MODE_FUNCTIONS = {
  p_packages_show_missing: sh`
p_packages_show_missing() {
  for p_name do
    (op_packageIsInstalled "$p_name") >/dev/null 2>&1 || p_diff_line "+package $p_name"
  done
}
`,
} as const;

export const PACKAGE_APPLY_MODE_FUNCTIONS = {
  p_packages_show_missing: "p_packages_show_missing() { :; }",
  p_packages_mend: sh`
# $1 present or absent, $2 the operation, then names: only those that differ go to it, in one transaction.
p_packages_mend() {
  p_state_wanted=$1 p_operation=$2
  shift 2
  for p_name do
    shift
    p_found=absent
    if (op_packageIsInstalled "$p_name") >/dev/null 2>&1; then p_found=present; fi
    [ "$p_found" = "$p_state_wanted" ] || set -- "$@" "$p_name"
  done
  "$p_operation" "$@"
}
`,
} as const;

export const UPGRADE_FUNCTIONS = {
  p_upgrade_check: sh`
# $1 all or security. What cannot be told is looked into.
p_upgrade_check() {
  p_hit=$(op_upgradesPending "$1" 2>/dev/null) || { p_diff_line '+upgrades (which ones is not known yet)'; return 1; }
  [ -n "$p_hit" ] || return 0
  p_show_upgrades
  return 1
}
`,
} as const;

export const UPGRADE_CHECK_MODE_FUNCTIONS = {
  p_show_upgrades: sh`
p_show_upgrades() { p_line "$p_hit" | p_prefix 'bm1 diff +upgrade '; }
`,
} as const;

export const UPGRADE_APPLY_MODE_FUNCTIONS = {
  p_show_upgrades: "p_show_upgrades() { :; }",
} as const;

export function compilePackage(
  resource: PackageResource,
  context: CompileContext,
): CompiledResource {
  context.operation("packageIsInstalled");
  const names = resource.names.map(quote).join(" ");
  return resource.state === "absent"
    ? {
        check: [`p_packages_absent_check ${names}`],
        mend: [`p_packages_mend absent ${context.operation("packagesRemove")} ${names}`],
      }
    : {
        check: [`p_packages_check ${names}`],
        mend: [`p_packages_mend present ${context.operation("packagesInstall")} ${names}`],
        ...(resource.onlyIf === undefined ? { packages: resource.names } : {}),
      };
}

export function compileUpgrade(
  resource: UpgradeResource,
  context: CompileContext,
): CompiledResource {
  context.operation("upgradesPending");
  return {
    check: [`p_upgrade_check ${resource.scope}`],
    mend: [`${context.operation("upgrade")} ${resource.scope}`],
  };
}
