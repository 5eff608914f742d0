{%- set data = pillar['bootmachine'] %}

{%- if data.packages %}
bootmachine packages:
  pkg.installed:
    - pkgs: {{ data.packages | tojson }}
{%- endif %}
