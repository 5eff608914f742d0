# the server knows the members' clients and no others
bm_clients() {
  [ -z "$(find /run/bootmachine-chef-clients -newermt '-30 seconds' 2>/dev/null)" ] || return 0
  LC_ALL=C.UTF-8 /opt/cinc-project/embedded/bin/knife client list --config /var/lib/bootmachine/chef-server/knife.rb --no-color >/run/bootmachine-chef-clients.$$ && mv /run/bootmachine-chef-clients.$$ /run/bootmachine-chef-clients ||
    { rm -f /run/bootmachine-chef-clients.$$; return 2; }
}
bm_knows() {
  bm_clients || return 2
  grep -qxF -e "$1" /run/bootmachine-chef-clients
}
bm_clients 2>&1 || exit 1
bm_strange=$(grep -vxF -e boss -e web1 /run/bootmachine-chef-clients | tr '\n' ' ')
[ -z "$bm_strange" ] || { echo "the server knows clients that are no members: ${bm_strange}(bootmachine configurator revoke NAME)"; exit 1; }
