# An example of a role's states; top.sls says which servers get it. The pillar `bootmachine` is what the stack's config says of
# this very server: members, roles, addresses, users and more (`salt-call pillar.get bootmachine unmask=True` shows it).

/etc/bootmachine-example:
  file.managed:
    - contents: |
        {{ grains['id'] }} is one of {{ pillar['bootmachine']['members'] | length }} servers of {{ pillar['bootmachine']['stack'] }}.
