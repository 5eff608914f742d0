import {
  type CompileContext,
  type CompiledResource,
  ImpossibleOperation,
} from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { SysctlResource } from "../resource.ts";
import { sh } from "../sh.ts";
import { fileCommands, type WantedFile } from "./files.ts";

/** Kernel settings: a file for the next boot, and the live values. */
export const SYSCTL_FUNCTIONS = {
  p_words: sh`
# Sets p_hit to $1 with single spaces: the kernel separates numbers by tabs.
p_words() {
  set -f
  set -- $1
  p_hit="$*"
  set +f
}
`,
  p_sysctl_look: sh`
# $@ "PATH KEY=VALUE", the path being that below /proc/sys. Sets p_unlike to those that differ and can be changed here,
# one a line, p_left_out to those that are not here or cannot be changed here, and p_kept to the number of the others.
p_sysctl_look() {
  p_unlike= p_left_out= p_kept=0 p_keys=
  for p_setting do p_keys="$p_keys \${p_setting%% *}"; done
  # One grep for all. The shell's own read would get only the first byte from a file of this kind.
  p_values=$(cd /proc/sys && grep -s '' /dev/null $p_keys)
  for p_setting do
    p_key_path=\${p_setting%% *}
    p_key=\${p_setting#* }
    p_key=\${p_key%%=*}
    if ! p_entry "$p_key_path" "$p_values"; then
      p_left_out="$p_left_out, $p_key (not to be had here)"
      continue
    fi
    p_words "\${p_hit#*:}"
    if [ "$p_hit" = "\${p_setting#*=}" ]; then
      p_kept=$((p_kept + 1))
    elif [ -w "/proc/sys/$p_key_path" ]; then
      p_kept=$((p_kept + 1))
      p_unlike=$p_unlike$p_setting$p_nl
      p_diff_line "-$p_key = $p_hit" "+$p_key = \${p_setting#*=}"
    else
      p_left_out="$p_left_out, $p_key (cannot be changed here)"
    fi
  done
  p_left_out=\${p_left_out#, }
}
`,
  p_sysctl_check: sh`
# $1 the function that checks the file, then what p_sysctl_look takes.
p_sysctl_check() {
  p_file_function=$1
  shift
  p_sysctl_look "$@"
  [ -z "$p_left_out" ] || p_reason="left out: $p_left_out"
  # Nothing of it counts here: a file would only make noise at the next boot.
  [ "$p_kept" -gt 0 ] || return 2
  "$p_file_function"
  p_status=$?
  if [ "$p_status" -eq 0 ] && [ -n "$p_unlike" ]; then p_status=1; fi
  return "$p_status"
}
`,
} as const;

export const SYSCTL_MENDING_FUNCTIONS = {
  p_sysctl_mend: sh`
# $1 the function that checks the file, $2 the one that mends it, then what p_sysctl_look takes.
p_sysctl_mend() {
  "$1" || "$2" || return
  shift 2
  p_sysctl_look "$@"
  while IFS= read -r p_setting; do
    [ -n "$p_setting" ] || continue
    p_said=$(p_line "\${p_setting#*=}" | tee "/proc/sys/\${p_setting%% *}" 2>&1 >/dev/null) && continue
    p_setting=\${p_setting#* }
    case $p_said in
    *'Invalid argument'*|*'out of range'*)
      echo "the kernel does not take $p_setting: $p_said" >&2
      return 1
      ;;
    *) echo "left out: \${p_setting%%=*} cannot be changed here: $p_said" ;;
    esac
  done <<EOF
$p_unlike
EOF
}
`,
} as const;

/** The file that brings the settings back at each boot. */
export function sysctlFile(resource: SysctlResource): WantedFile {
  return {
    path: `/etc/sysctl.d/${resource.name}.conf`,
    // The minus: what does not exist on this kernel is no error at boot.
    content: [
      "# Written by bootmachine, and put back by it when it is changed.",
      ...Object.entries(resource.settings).map(([key, value]) => `-${key} = ${oneSpaced(value)}`),
      "",
    ].join("\n"),
    mode: "0644",
    owner: "root",
    group: "root",
  };
}

/**
 * The live values as shell text for others to run: `check` exits other than 0 where one differs that could be changed
 * here, `run` sets all that can. As above, what is not here or cannot be changed here is passed over.
 */
export function sysctlCommands(resource: SysctlResource): {
  readonly check: string;
  readonly run: string;
} {
  const list = Object.entries(resource.settings)
    .map(([key, value]) => `${keyPath(key)} ${oneSpaced(value)}\n`)
    .join("");
  const each = (body: string): string => `cd /proc/sys || exit 1
while read -r bm_path bm_value; do
  [ -w "$bm_path" ] || continue
  ${body}
done <<'BOOTMACHINE_END'
${list}BOOTMACHINE_END`;
  // The kernel separates numbers by tabs.
  return {
    check: each(String.raw`[ "$(tr '\t' ' ' <"$bm_path")" = "$bm_value" ] || exit 1`),
    run: each(String.raw`printf '%s\n' "$bm_value" >"$bm_path" || exit 1`),
  };
}

export function compileSysctl(resource: SysctlResource, context: CompileContext): CompiledResource {
  if (context.facts.kernelName !== "Linux") {
    throw new ImpossibleOperation(
      `kernel settings are kept as on Linux, and this host runs ${context.facts.kernelName}`,
    );
  }
  const wanted = sysctlFile(resource);
  const file = fileCommands(wanted, context);
  const words = Object.entries(resource.settings)
    .map(([key, value]) => quote(`${keyPath(key)} ${key}=${oneSpaced(value)}`))
    .join(" ");
  const check = context.part(file.check);
  return {
    check: [`p_sysctl_check ${check} ${words}`],
    mend: [`p_sysctl_mend ${check} ${context.part(file.mend)} ${words}`],
    path: wanted.path,
  };
}

/** "net.ipv4.conf.eth0/1.rp_filter" is net/ipv4/conf/eth0.1/rp_filter, as sysctl itself reads it. */
function keyPath(key: string): string {
  const firstSeparator = /[./]/.exec(key)?.[0];
  if (firstSeparator === "/") return key;
  return key.replaceAll(/[./]/g, (separator) => (separator === "." ? "/" : "."));
}

function oneSpaced(value: string): string {
  return value.trim().replaceAll(/\s+/g, " ");
}
