import type { DistroOperations } from "../contract.ts";
import { packageOperations } from "./apt.ts";

type SettingOperations = Pick<
  DistroOperations,
  "localeIs" | "localeSet" | "timezoneIs" | "timezoneSet" | "hostnameIs" | "hostnameSet"
>;

/** The install operation as a function that another body can call. */
function installFunction(): string {
  const install = packageOperations().packagesInstall;
  return `bm_install() {\n${"sh" in install ? install.sh : "false"}\n}`;
}

/** Locale, time zone and host name. */
export function settingOperations(): SettingOperations {
  return {
    localeIs: {
      sh: String.raw`bm_lang=
while IFS= read -r bm_line; do
  case $bm_line in LANG=*) bm_lang=$(printf '%s' "$bm_line" | sed -e 's/^LANG=//' -e 's/"//g') ;; esac
done 2>/dev/null </etc/default/locale || return 1
[ "$bm_lang" = "$1" ] || return 1
# C.UTF-8 is part of libc; any other locale has to be generated. locale -a writes en_US.utf8 for en_US.UTF-8.
case $1 in C|POSIX|C.UTF-8) return 0 ;; esac
bm_want=$(printf '%s' "$1" | sed -e 's/UTF-8/utf8/')
case "
$(locale -a 2>/dev/null)
" in *"
$bm_want
"*) return 0 ;; esac
return 1`,
    },
    localeSet: {
      sh: String.raw`${installFunction()}
bm_locale=$1
case $bm_locale in
  C|POSIX|C.UTF-8) ;;
  *)
    dpkg-query -W locales >/dev/null 2>&1 && [ -e /usr/sbin/locale-gen ] || bm_install locales || return
    bm_charset=UTF-8
    case $bm_locale in *.*) bm_charset=$(printf '%s' "$bm_locale" | sed -e 's/^[^.]*\.//' -e 's/@.*//') ;; esac
    if ! grep -Fxq "$bm_locale $bm_charset" /usr/share/i18n/SUPPORTED; then
      echo "there is no locale $bm_locale; /usr/share/i18n/SUPPORTED lists them" >&2
      return 1
    fi
    grep -Fxq "$bm_locale $bm_charset" /etc/locale.gen 2>/dev/null || printf '%s %s\n' "$bm_locale" "$bm_charset" >>/etc/locale.gen
    locale-gen || return
    ;;
esac
# On Debian 13 this is a link to /etc/locale.conf: it is written through, not replaced.
bm_rest=$(sed -e '/^LANG=/d' /etc/default/locale 2>/dev/null)
{ printf 'LANG=%s\n' "$bm_locale"; [ -z "$bm_rest" ] || printf '%s\n' "$bm_rest"; } >/etc/default/locale`,
    },
    timezoneIs: {
      sh: String.raw`[ "$(readlink /etc/localtime)" = "/usr/share/zoneinfo/$1" ] || return 1
# Debian 12 and older keep the name in a second file, which packages read.
[ ! -e /etc/timezone ] || { read -r bm_zone </etc/timezone && [ "$bm_zone" = "$1" ]; }`,
    },
    timezoneSet: {
      sh: String.raw`${installFunction()}
bm_zone=$1
[ -e "/usr/share/zoneinfo/$bm_zone" ] || bm_install tzdata || return
if ! [ -e "/usr/share/zoneinfo/$bm_zone" ]; then
  echo "there is no time zone $bm_zone in tzdata (old names such as US/Pacific are in tzdata-legacy since Debian 13)" >&2
  return 1
fi
ln -sfn "/usr/share/zoneinfo/$bm_zone" /etc/localtime || return
[ ! -e /etc/timezone ] || printf '%s\n' "$bm_zone" >/etc/timezone`,
    },
    hostnameIs: {
      sh: String.raw`read -r bm_static 2>/dev/null </etc/hostname || return 1
[ "$bm_static" = "$1" ] || return 1
read -r bm_running </proc/sys/kernel/hostname && [ "$bm_running" = "$1" ]`,
    },
    hostnameSet: {
      sh: String.raw`printf '%s\n' "$1" >/etc/hostname && hostname -- "$1"`,
    },
  };
}
