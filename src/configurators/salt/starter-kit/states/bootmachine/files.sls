{%- set data = pillar['bootmachine'] %}

{#- A text as one word of a shell command. #}
{%- macro word(text) -%} '{{ text | replace("'", "'\\''") }}' {%- endmacro %}

{%- for directory in data.directories %}

bootmachine directory {{ directory.path }}:
  file.directory:
    - name: {{ directory.path | tojson }}
    - user: {{ directory.owner | tojson }}
    - group: {{ directory.group | tojson }}
    - mode: {{ directory.mode | tojson }}
{%- endfor %}

{%- for file in data.files %}

bootmachine file {{ file.path }}:
  file.managed:
    - name: {{ file.path | tojson }}
    - contents: {{ file.content | tojson }}
    - user: {{ file.owner | tojson }}
    - group: {{ file.group | tojson }}
    - mode: {{ file.mode | tojson }}
    {%- if file.validate is not none %}
    # The check gets the candidate's path as $1.
    - check_cmd: {{ ('sh -c ' ~ word(file.validate) ~ ' sh') | tojson }}
    {%- endif %}

{%- for command in file.commands %}

bootmachine after {{ file.path }}, {{ loop.index }}:
  cmd.run:
    - name: {{ command | tojson }}
    - onchanges:
      - file: bootmachine file {{ file.path }}
{%- endfor %}
{%- endfor %}

{%- for path in data.absent_files %}

bootmachine no file {{ path }}:
  file.absent:
    - name: {{ path | tojson }}
{%- endfor %}
