# Keeps what bootmachine has set up on this server, from the same data: its first run after `bootmachine up` changes nothing.
#
# @param server
#   What bootmachine knows of this server. It comes from hiera, written in every `up`.
class bootmachine (
  Hash[String, Any] $server,
) {
  contain bootmachine::packages
  contain bootmachine::host
  contain bootmachine::accounts
  contain bootmachine::files
  contain bootmachine::services
  contain bootmachine::commands

  Class['bootmachine::packages']
  -> Class['bootmachine::host']
  -> Class['bootmachine::accounts']
  -> Class['bootmachine::files']
  -> Class['bootmachine::services']
  -> Class['bootmachine::commands']
}
