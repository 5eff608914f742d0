import type { FirewallOpening, FirewallResource, Resource } from "../../program/resource.ts";

/**
 * Firewalls that somebody already administers the host with. Where one is active it is used, and told the whole truth:
 * two managers that do not know of each other is how hosts get lost.
 */

/** ufw's own words for an opening, as `ufw show added` prints them (without comment). */
export function ufwRules(openings: readonly FirewallOpening[]): readonly string[] {
  return openings.flatMap((opening) => {
    const port = String(opening.port).replace("-", ":");
    return opening.from === "anywhere"
      ? [`allow ${port}/${opening.protocol}`]
      : opening.from.map(
          (address) => `allow from ${address} to any port ${port} proto ${opening.protocol}`,
        );
  });
}

const UFW_SYSCTL = "/etc/ufw/sysctl.conf";
/** bm_contrary prints the numbers of the lines with which ufw would set something else than our files do, whose keys have a dash before them. */
const UFW_CONTRARY = String.raw`bm_contrary() {
  set --
  for bm_file in /etc/sysctl.d/60-bootmachine-*.conf ${UFW_SYSCTL}; do
    [ ! -f "$bm_file" ] || set -- "$@" "$bm_file"
  done
  [ $# -eq 0 ] || awk -F= '
    { key = $1; value = $2; gsub(/[[:space:]]/, "", key); sub(/^-/, "", key); gsub(/[[:space:]]/, "", value); gsub("/", ".", key) }
    key == "" || key ~ /^[#;]/ { next }
    FILENAME != "${UFW_SYSCTL}" { ours[key] = value; next }
    (key in ours) && ours[key] != value { print FNR }' "$@"
}`;

export function ufwResources(resource: FirewallResource, id: string): readonly Resource[] {
  const wanted = [...new Set(ufwRules(resource.openings))].sort();
  const guard = {
    ...(resource.onlyIf === undefined ? {} : { onlyIf: resource.onlyIf }),
    ...(resource.skipReason === undefined ? {} : { skipReason: resource.skipReason }),
  };
  const added = String.raw`ufw show added | sed -n -e "s/ comment '.*'$//" -e 's/^ufw //p' | LC_ALL=C sort -u`;
  const list = wanted.map((rule) => `'${rule}'`).join(" ");
  return [
    {
      type: "command",
      id: `${id} ufw kernel settings`,
      // ufw writes the settings of this file at every boot and reload, after those of /etc/sysctl.d: where it says something
      // else than a file of ours, that line has to go. What it alone sets (forwarding, say) stays.
      check: `${UFW_CONTRARY}\n[ -z "$(bm_contrary)" ]`,
      run: String.raw`${UFW_CONTRARY}
bm_lines=" $(bm_contrary | tr '\n' ' ')"
cp -p ${UFW_SYSCTL} ${UFW_SYSCTL}.bootmachine-new &&
awk -v lines="$bm_lines" '{ print (index(lines, " " FNR " ") ? "# bootmachine, instead of: " : "") $0 }' ${UFW_SYSCTL} >${UFW_SYSCTL}.bootmachine-new &&
mv ${UFW_SYSCTL}.bootmachine-new ${UFW_SYSCTL}`,
      ...guard,
    },
    {
      type: "command",
      id: `${id} ufw default`,
      check: `grep -Eq '^DEFAULT_INPUT_POLICY="?DROP"?' /etc/default/ufw && grep -Eq '^IPV6="?yes"?' /etc/default/ufw`,
      run: String.raw`sed -i -e 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw && ufw default deny incoming && ufw reload`,
      ...guard,
    },
    {
      type: "command",
      id: `${id} ufw rules`,
      check: String.raw`bm_added=$(${added}) && bm_wanted=$(printf '%s\n' ${list} | LC_ALL=C sort -u) && { [ "$bm_added" = "$bm_wanted" ] || {
  printf 'ufw has other rules than the wanted ones. ufw has:\n%s\n' "$bm_added"
  false
}; }`,
      // First what is wanted, then away with the rest: never a moment without the way in.
      run: String.raw`for bm_rule in ${list}; do
  # shellcheck disable=SC2086 # the words of one rule
  ufw $bm_rule || exit 1
done
${added} | while IFS= read -r bm_rule; do
  for bm_wanted in ${list}; do [ "$bm_rule" != "$bm_wanted" ] || continue 2; done
  # shellcheck disable=SC2086 # the words of one rule
  ufw --force delete $bm_rule || exit 1
done`,
      showCheckOutput: true,
      ...guard,
      ...(resource.triggers === undefined ? {} : { triggers: resource.triggers }),
    },
  ];
}

function richRule(opening: FirewallOpening, address: string): string {
  const family = address.includes(":") ? "ipv6" : "ipv4";
  return `  <rule family="${family}"><source address="${address}"/><port port="${opening.port}" protocol="${opening.protocol}"/><accept/></rule>`;
}

export const FIREWALLD_ZONE = "/etc/firewalld/zones/bootmachine.xml";

export function firewalldZone(openings: readonly FirewallOpening[]): string {
  const lines = openings.flatMap((opening) =>
    opening.from === "anywhere"
      ? [`  <port port="${opening.port}" protocol="${opening.protocol}"/>`]
      : opening.from.map((address) => richRule(opening, address)),
  );
  return [
    `<?xml version="1.0" encoding="utf-8"?>`,
    `<!-- Written by bootmachine, and put back by it when it is changed. -->`,
    `<zone>`,
    `  <short>bootmachine</short>`,
    ...lines,
    `</zone>`,
    "",
  ].join("\n");
}

export function firewalldResources(resource: FirewallResource, id: string): readonly Resource[] {
  const guard = {
    ...(resource.onlyIf === undefined ? {} : { onlyIf: resource.onlyIf }),
    ...(resource.skipReason === undefined ? {} : { skipReason: resource.skipReason }),
  };
  return [
    {
      type: "file",
      id: `${id} firewalld zone`,
      path: FIREWALLD_ZONE,
      content: firewalldZone(resource.openings),
      triggers: [{ run: "firewall-cmd --reload" }],
      ...guard,
    },
    {
      type: "command",
      id: `${id} firewalld live`,
      // The running zone has to be the one in the file, the default, and the only one that has interfaces.
      check: String.raw`bm_shape() { sed -e '1d' -e '/^  interfaces:/d' | sort; }
[ "$(firewall-cmd --get-default-zone)" = bootmachine ] &&
[ -z "$(firewall-cmd --get-active-zones | grep -v '^ ' | grep -Ev '^bootmachine( |$)|^(docker|libvirt)')" ] &&
[ "$(firewall-cmd --zone=bootmachine --list-all | bm_shape)" = "$(firewall-cmd --permanent --zone=bootmachine --list-all | bm_shape)" ]`,
      run: String.raw`firewall-cmd --reload && firewall-cmd --set-default-zone=bootmachine || exit 1
for bm_zone in $(firewall-cmd --get-active-zones | grep -v '^ ' | grep -Ev '^bootmachine( |$)|^(docker|libvirt)' | cut -d' ' -f1); do
  for bm_interface in $(firewall-cmd --zone="$bm_zone" --list-interfaces); do
    firewall-cmd --zone=bootmachine --change-interface="$bm_interface" && firewall-cmd --permanent --zone=bootmachine --change-interface="$bm_interface" || exit 1
  done
done
firewall-cmd --reload`,
      ...guard,
      ...(resource.triggers === undefined ? {} : { triggers: resource.triggers }),
    },
  ];
}
