{%- set data = pillar['bootmachine'] %}

bootmachine time zone:
  timezone.system:
    - name: {{ data.timezone | tojson }}

bootmachine hostname:
  cmd.run:
    - name: {{ ('hostnamectl set-hostname ' ~ data.hostname) | tojson }}
    - unless: {{ ['[ "$(hostname)" = ' ~ data.hostname ~ ' ]'] | tojson }}
