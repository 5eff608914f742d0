{%- set data = pillar['bootmachine'] %}

{%- for group in data.groups %}

bootmachine group {{ group.name }}:
  group.present:
    - name: {{ group.name | tojson }}
    {%- if group.gid is not none %}
    - gid: {{ group.gid }}
    {%- endif %}
    {%- if group.system %}
    - system: true
    {%- endif %}
{%- endfor %}

{%- for user in data.users %}

# Passwords are left as they are.
bootmachine user {{ user.name }}:
  user.present:
    - name: {{ user.name | tojson }}
    {%- if user.full_name is not none %}
    - fullname: {{ user.full_name | tojson }}
    {%- endif %}
    {%- if user.uid is not none %}
    - uid: {{ user.uid }}
    {%- endif %}
    {%- if user.primary_group is not none %}
    - gid: {{ user.primary_group | tojson }}
    {%- else %}
    - usergroup: true
    {%- endif %}
    {%- if user.groups %}
    - groups: {{ user.groups | tojson }}
    - remove_groups: false
    {%- endif %}
    {%- if user.shell is not none %}
    - shell: {{ user.shell | tojson }}
    {%- endif %}
    - home: {{ user.home | tojson }}
    - createhome: true

{%- if user['keys'] is none %}
{#- Somebody else writes this file. #}
{%- elif user['keys'] %}

bootmachine keys of {{ user.name }}, folder:
  file.directory:
    - name: {{ (user.home ~ '/.ssh') | tojson }}
    - user: {{ user.name | tojson }}
    - group: {{ (user.primary_group or user.name) | tojson }}
    - mode: '0700'
    - require:
      - user: bootmachine user {{ user.name }}

bootmachine keys of {{ user.name }}:
  file.managed:
    - name: {{ (user.home ~ '/.ssh/authorized_keys') | tojson }}
    - contents: {{ user['keys'] | join('\n') | tojson }}
    - user: {{ user.name | tojson }}
    - group: {{ (user.primary_group or user.name) | tojson }}
    - mode: '0600'
    - require:
      - file: bootmachine keys of {{ user.name }}, folder
{%- else %}

bootmachine keys of {{ user.name }}:
  file.absent:
    - name: {{ (user.home ~ '/.ssh/authorized_keys') | tojson }}
{%- endif %}
{%- endfor %}
