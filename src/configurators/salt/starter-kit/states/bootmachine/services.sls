{%- set data = pillar['bootmachine'] %}

{%- for service in data.services %}

bootmachine service {{ service.name }}:
  {%- if service.running is none %}
  service.{{ 'enabled' if service.enabled else 'disabled' }}:
    - name: {{ service.name | tojson }}
  {%- else %}
  service.{{ 'running' if service.running else 'dead' }}:
    - name: {{ service.name | tojson }}
    {%- if service.enabled is not none %}
    - enable: {{ service.enabled | tojson }}
    {%- endif %}
  {%- endif %}
{%- endfor %}

{#- Each service is reloaded, or restarted, once, whichever of its files have changed. #}
{%- for action, command in [('reload', 'reload-or-restart'), ('restart', 'restart')] %}
{%- set names = [] %}
{%- for file in data.files %}{% for name in file[action] %}{% if name not in names %}{% do names.append(name) %}{% endif %}{% endfor %}{% endfor %}
{%- for name in names %}

bootmachine {{ action }} {{ name }}:
  cmd.run:
    - name: {{ ('systemctl ' ~ command ~ ' ' ~ name) | tojson }}
    - onchanges:
      {%- for file in data.files if name in file[action] %}
      - file: bootmachine file {{ file.path }}
      {%- endfor %}
{%- endfor %}
{%- endfor %}
