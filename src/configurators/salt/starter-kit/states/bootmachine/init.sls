# Keeps the secure state that `bootmachine up` has made, from the same data: the pillar `bootmachine`, which comes from the
# stack's config. The first run changes nothing. What you take over yourself, take out here.

include:
  - bootmachine.packages
  - bootmachine.accounts
  - bootmachine.files
  - bootmachine.services
  - bootmachine.commands
  - bootmachine.system
