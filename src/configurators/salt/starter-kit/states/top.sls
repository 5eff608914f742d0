# What each server gets. `bootmachine` keeps the secure state; yours come after it.

base:
  '*':
    - bootmachine

  # Roles of the config are grains. For `roles: [web]`, take the comment signs away and write roles/web.sls:
  # 'roles:web':
  #   - match: grain
  #   - roles.web
