# Keeps the secure state of this server, from the data that bootmachine has secured it by. The first run after that
# changes nothing. Change the data in bootmachine's config, not here.

include_recipe 'bootmachine::packages'
include_recipe 'bootmachine::system'
include_recipe 'bootmachine::accounts'
include_recipe 'bootmachine::files'
include_recipe 'bootmachine::services'
include_recipe 'bootmachine::commands'
