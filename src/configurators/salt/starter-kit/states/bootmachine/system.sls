{%- set data = pillar['bootmachine'] %}

bootmachine time zone:
  timezone.system:
    - name: {{ data.timezone | tojson }}

bootmachine hostname:
  cmd.run:
    - name: {{ ('hostnamectl set-hostname ' ~ data.hostname) | tojson }}
    - unless: {{ ['[ "$(cat /etc/hostname)" = ' ~ data.hostname ~ ' ] && [ "$(hostname)" = ' ~ data.hostname ~ ' ]'] | tojson }}

{#- `bootmachine up` has made the locale; here it is only kept as the one that counts. #}
{%- set locale = 'LANG=' ~ data.locale %}

bootmachine locale:
  cmd.run:
    # On Debian 13 the file is a link, and stays one.
    - name: {{ ("{ echo '" ~ locale ~ "'; [ ! -e /etc/default/locale ] || sed '/^LANG=/d' /etc/default/locale; } >/etc/default/locale.new && cat /etc/default/locale.new >/etc/default/locale && rm /etc/default/locale.new") | tojson }}
    - unless: {{ ["LANG=; . /etc/default/locale && [ \"LANG=$LANG\" = '" ~ locale ~ "' ]"] | tojson }}
    - shell: /bin/sh
