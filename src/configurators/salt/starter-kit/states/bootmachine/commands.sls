{#- What is neither file nor service, such as live firewall rules: a check, and what makes it hold. #}
{%- for command in pillar['bootmachine']['commands'] %}

bootmachine {{ command.name }}:
  cmd.run:
    - name: {{ ('(\n' ~ command.run ~ '\n) || exit 1\n(\n' ~ command.check ~ '\n)') | tojson }}
    - unless: {{ [command.check] | tojson }}
    - timeout: {{ command.timeout_seconds }}
    - shell: /bin/sh
    # After everything else.
    - order: last
{%- endfor %}
